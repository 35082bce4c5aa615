// Stands in dockerode's transport for "util", of which it uses one function, for its debug log.
module.exports = { inspect: () => '' };
