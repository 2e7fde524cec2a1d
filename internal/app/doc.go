// Package app holds the use cases of Tacit: host a session, join one, run all parties in one process, check a program and
// evaluate it in the clear. It joins the crypto tower to the network tower and knows nothing of terminals: callers pass typed
// configurations, hear Events, and get results or an *Error.
package app
