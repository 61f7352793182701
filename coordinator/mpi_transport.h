// MPI: the process group and the transport over it. <mpi.h> stands in mpi_transport.cpp only.
//
// Thread rule: MPI_THREAD_FUNNELED. The thread that calls MpiSession::start owns MPI; every function asserts that it is
// the caller. Nothing blocks on a peer: Isend, Improbe, Imrecv and Test only (and one broadcast at start-up, when all
// ranks are alive). A peer that died leaves sends that never complete; what the protocol sends to one worker bounds
// them.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "coordinator/transport.h"

namespace tipple {

class MpiSession {
 public:
  // Initialises MPI and agrees on the nonce that marks this group's messages. Errors are the environment's. Once per
  // process.
  [[nodiscard]] static Result<std::unique_ptr<MpiSession>> start(int* argc, char*** argv);
  ~MpiSession();

  [[nodiscard]] std::uint32_t rank() const;
  [[nodiscard]] std::uint32_t size() const;
  [[nodiscard]] std::uint32_t ranks_on_host() const;  // this one included

  // The session's only transport; the session must outlive it.
  [[nodiscard]] std::unique_ptr<Transport> transport();
  // Messages that failed the envelope's checks and were thrown away.
  [[nodiscard]] std::uint64_t dropped() const;

  // MPI_Finalize: collective, and it waits for all ranks. Only for a group that is known to be whole.
  [[nodiscard]] Status finalize();

 private:
  friend class MpiTransport;
  struct Impl;
  explicit MpiSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tipple
