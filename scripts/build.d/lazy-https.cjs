// Stands in dockerode for "https", so that TLS is loaded only when it is used.
module.exports = { request: (...args) => process.getBuiltinModule('node:https').request(...args) };
