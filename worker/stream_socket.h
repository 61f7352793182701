// The file descriptors behind a stream: standard input, a named pipe, a socket that listens or connects. All are
// non-blocking.
//
// Addresses: "unix:PATH" or "tcp:HOST:PORT". A listening socket is reachable by whoever reaches its address: a Unix
// socket is made with mode 0600; a TCP socket has no authentication and belongs on a trusted network or the loopback
// interface.
#pragma once

#include <string>

#include "base/file.h"
#include "base/result.h"
#include "jobs/job_spec.h"

namespace tipple {

// The stream to read, or for kListen the socket that accepts streams.
[[nodiscard]] Result<File> open_stream(const StreamSpec& spec);
// The next client of a listening socket; a File that is not open when there is none now.
[[nodiscard]] Result<File> accept_stream(const File& listening);

}  // namespace tipple
