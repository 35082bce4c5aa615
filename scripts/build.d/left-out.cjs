// Stands in the bundle for modules that packages load at start and bottle never uses.
module.exports = {};
