/** The election configuration of the repository's root, under a name that PM2 loads inside an ES module package. */
module.exports = require('../../ecosystem-election.config.js');
