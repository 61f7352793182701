#include "coordinator/mpi_transport.h"

#define OMPI_SKIP_MPICXX 1  // the C interface only
#include <mpi.h>

#include <algorithm>
#include <deque>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "coordinator/envelope.h"

namespace tipple {
namespace {

constexpr int kTag = 1;
constexpr std::size_t kReceivesMax = 64;  // under way at a time; further messages wait in MPI
constexpr auto kFlushPause = std::chrono::microseconds(50);

[[nodiscard]] Status check_mpi(int code, const char* what) {
  if (code == MPI_SUCCESS) return {};
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  return environment_error(std::string(what) + ": " + std::string(text, static_cast<std::size_t>(length)), "MPI");
}

}  // namespace

struct MpiSession::Impl {
  MPI_Comm world = MPI_COMM_NULL;
  std::thread::id owner;
  std::uint32_t rank = 0;
  std::uint32_t size = 1;
  std::uint32_t ranks_on_host = 1;
  Id128 nonce;
  std::uint64_t dropped = 0;

  void check_owner() const {
    TIPPLE_CHECK(std::this_thread::get_id() == owner, "MPI belongs to the thread that started it");
  }
};

class MpiTransport final : public Transport {
 public:
  explicit MpiTransport(MpiSession::Impl& session) : session_(session) {}

  WorkerId self() const override { return WorkerId{session_.rank}; }
  std::uint32_t size() const override { return session_.size; }

  void send(WorkerId to, Message message) override {
    session_.check_owner();
    TIPPLE_CHECK(to.value() < session_.size, "no such rank");
    if (to == self()) {
      local_.push_back({to, std::move(message)});
      return;
    }
    Outgoing& outgoing = outgoing_.emplace_back();
    outgoing.bytes = seal_message(session_.nonce, message);
    const int code = MPI_Isend(outgoing.bytes.data(), static_cast<int>(outgoing.bytes.size()), MPI_BYTE,
                               static_cast<int>(to.value()), kTag, session_.world, &outgoing.request);
    if (code != MPI_SUCCESS) outgoing_.pop_back();  // the peer is gone; leases tell the coordinator
    progress_sends();
  }

  std::optional<Received> receive() override {
    session_.check_owner();
    if (!local_.empty()) {
      std::optional<Received> first(std::move(local_.front()));
      local_.pop_front();
      return first;
    }
    progress_receives();
    return take_completed();
  }

  void wait(Duration at_most) override {
    session_.check_owner();
    progress_sends();
    if (!local_.empty() || progress_receives()) return;
    // Sleeping, not spinning: the cores belong to the parsers.
    std::this_thread::sleep_for(at_most);
  }

  void flush(Duration at_most) override {
    session_.check_owner();
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    for (progress_sends(); !outgoing_.empty() && std::chrono::steady_clock::now() < deadline; progress_sends()) {
      std::this_thread::sleep_for(kFlushPause);
    }
  }

 private:
  struct Outgoing {
    std::vector<std::byte> bytes;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  struct Incoming {
    int source = 0;
    bool complete = false;
    std::vector<std::byte> bytes;
    MPI_Request request = MPI_REQUEST_NULL;
  };

  void progress_sends() {
    std::erase_if(outgoing_, [](Outgoing& outgoing) {
      int done = 0;
      return MPI_Test(&outgoing.request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS || done != 0;
    });
  }

  // Begins receives for what has arrived. True if any receive is under way.
  bool progress_receives() {
    while (incoming_.size() < kReceivesMax) {
      int found = 0;
      MPI_Message message = MPI_MESSAGE_NULL;
      MPI_Status status;
      if (MPI_Improbe(MPI_ANY_SOURCE, kTag, session_.world, &found, &message, &status) != MPI_SUCCESS || found == 0)
        break;
      int bytes = 0;
      MPI_Get_count(&status, MPI_BYTE, &bytes);
      if (bytes < 0 || static_cast<std::uint64_t>(bytes) > limits::kMessageBytesMax + kEnvelopeHeaderBytes) {
        ++session_.dropped;  // none of ours is so large; it is never received
        continue;
      }
      Incoming& incoming = incoming_.emplace_back();
      incoming.source = status.MPI_SOURCE;
      incoming.bytes.resize(static_cast<std::size_t>(bytes));
      if (MPI_Imrecv(incoming.bytes.data(), bytes, MPI_BYTE, &message, &incoming.request) != MPI_SUCCESS)
        incoming_.pop_back();
    }
    return !incoming_.empty();
  }

  // The first complete message that no earlier one of the same sender still precedes.
  std::optional<Received> take_completed() {
    std::vector<int> blocked;
    for (auto it = incoming_.begin(); it != incoming_.end();) {
      int done = 0;
      if (!it->complete && MPI_Test(&it->request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS) it->complete = done != 0;
      if (!it->complete || std::find(blocked.begin(), blocked.end(), it->source) != blocked.end()) {
        blocked.push_back(it->source);
        ++it;
        continue;
      }
      const WorkerId from{static_cast<std::uint32_t>(it->source)};
      auto message = open_message(session_.nonce, it->bytes);
      it = incoming_.erase(it);
      if (message.ok()) return Received{from, std::move(message).value()};
      ++session_.dropped;
    }
    return std::nullopt;
  }

  MpiSession::Impl& session_;
  std::deque<Received> local_;
  std::list<Outgoing> outgoing_;
  std::list<Incoming> incoming_;
};

MpiSession::MpiSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MpiSession::~MpiSession() = default;

Result<std::unique_ptr<MpiSession>> MpiSession::start(int* argc, char*** argv) {
  auto impl = std::make_unique<Impl>();
  impl->owner = std::this_thread::get_id();
  int provided = MPI_THREAD_SINGLE;
  TIPPLE_RETURN_IF_ERROR(check_mpi(MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided), "cannot start"));
  if (provided < MPI_THREAD_FUNNELED)
    return environment_error("this MPI does not allow threads beside the one that owns it", "MPI");
  // A communicator of our own: nobody else's messages, and errors come back instead of ending the process.
  TIPPLE_RETURN_IF_ERROR(check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &impl->world), "cannot make a communicator"));
  MPI_Comm_set_errhandler(impl->world, MPI_ERRORS_RETURN);
  int rank = 0;
  int size = 1;
  MPI_Comm_rank(impl->world, &rank);
  MPI_Comm_size(impl->world, &size);
  impl->rank = static_cast<std::uint32_t>(rank);
  impl->size = static_cast<std::uint32_t>(size);
  MPI_Comm host = MPI_COMM_NULL;
  TIPPLE_RETURN_IF_ERROR(check_mpi(MPI_Comm_split_type(impl->world, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host),
                                   "cannot count this host's ranks"));
  int on_host = 1;
  MPI_Comm_size(host, &on_host);
  MPI_Comm_free(&host);
  impl->ranks_on_host = static_cast<std::uint32_t>(on_host);
  if (rank == 0) impl->nonce = random_id();
  std::uint64_t nonce[2] = {impl->nonce.high, impl->nonce.low};
  TIPPLE_RETURN_IF_ERROR(check_mpi(MPI_Bcast(nonce, 2, MPI_UINT64_T, 0, impl->world), "cannot reach all ranks"));
  impl->nonce = {nonce[0], nonce[1]};
  return std::unique_ptr<MpiSession>(new MpiSession(std::move(impl)));
}

std::uint32_t MpiSession::rank() const { return impl_->rank; }
std::uint32_t MpiSession::size() const { return impl_->size; }
std::uint32_t MpiSession::ranks_on_host() const { return impl_->ranks_on_host; }
std::uint64_t MpiSession::dropped() const { return impl_->dropped; }

std::unique_ptr<Transport> MpiSession::transport() { return std::make_unique<MpiTransport>(*impl_); }

Status MpiSession::finalize() {
  impl_->check_owner();
  return check_mpi(MPI_Finalize(), "cannot finalize");
}

}  // namespace tipple
