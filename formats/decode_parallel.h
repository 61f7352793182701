// ParallelDecode: the members of one compressed file, decompressed by several threads, given out in order.
//
//   file ──► window ──► pieces of whole members ──► threads ──► in order ──► read()
//
// A piece counts only if its members end exactly where it ends and the piece before it counted: then the output is what
// one DecodeStream would make. Whatever else happens with a piece (damage, a member that looked like one, more output
// than there is room for) is left to a DecodeStream that begins where the piece began; so errors are the same, too, and
// guesses cannot do harm.
//
// Owner: one ByteSource. Thread rule: read() by one thread at a time; its own threads see pieces only.
// Memory: at most `memory_bytes` for the window and the pieces.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/result.h"
#include "formats/decode_stream.h"

namespace tipple {

class ParallelDecode final : public ByteStream {
 public:
  // Does it pay? Else use a DecodeStream.
  [[nodiscard]] static bool is_worth_it(const FileBytes& file, Compression compression, unsigned threads,
                                        std::uint64_t memory_bytes);

  // Preconditions: is_worth_it(...); `file` and `context` outlive it.
  ParallelDecode(const FileBytes& file, Compression compression, const DecodeContext& context, unsigned threads,
                 std::uint64_t memory_bytes);
  ~ParallelDecode() override;
  ParallelDecode(const ParallelDecode&) = delete;
  ParallelDecode& operator=(const ParallelDecode&) = delete;

  Result<std::size_t> read(std::span<char> out) override;
  std::uint64_t bytes_taken() const override { return at_; }

 private:
  struct Piece {
    enum class State { kFree, kWaiting, kRunning, kWhole, kFailed };
    State state = State::kFree;  // guarded by pieces_mutex_
    std::uint64_t begin = 0;     // offset in the file
    std::vector<char> in;
    std::unique_ptr<char[]> out;
    std::size_t out_room = 0;
    std::size_t made = 0;
  };

  [[nodiscard]] Status hand_out();
  [[nodiscard]] Status fill_window(std::size_t bytes);
  [[nodiscard]] Result<std::size_t> next_piece_bytes();
  void submit(std::size_t bytes);
  void start_thread();
  [[nodiscard]] bool wait_for_front();
  [[nodiscard]] std::size_t take_front(std::span<char> out);
  [[nodiscard]] Status go_sequential(std::uint64_t until);
  [[nodiscard]] Result<std::size_t> read_sequential(std::span<char> out);
  void drop_pieces();
  void run_worker();
  // True: in was whole members, and all of their output is there.
  [[nodiscard]] bool decode(MemberDecoder& decoder, Piece& piece) const;
  [[nodiscard]] bool grow(Piece& piece) const;

  const FileBytes& file_;
  const Compression compression_;
  const DecodeContext& context_;
  const unsigned thread_count_;
  const std::size_t window_bytes_max_;  // a piece is at most as long
  const std::size_t piece_out_max_;
  std::size_t piece_aim_;

  // The reader's.
  std::uint64_t at_ = 0;  // offset in the file of what was not given out yet (of the piece that is being given out)
  std::vector<char> window_;
  std::size_t window_begin_ = 0;  // [window_begin_, window_.size()) is not handed out yet
  std::uint64_t window_at_ = 0;   // offset in the file of window_[window_begin_]
  std::size_t front_given_ = 0;   // bytes of the front piece that were given out
  std::unique_ptr<DecodeStream> sequential_;
  std::uint64_t sequential_until_ = 0;
  bool sequential_from_here_ = false;  // no piece was found at window_at_
  unsigned failures_ = 0;
  bool end_ = false;

  std::deque<std::unique_ptr<Piece>> pieces_;        // in order
  std::vector<std::unique_ptr<Piece>> free_pieces_;  // their buffers are used again

  std::mutex pieces_mutex_;
  std::condition_variable work_;  // a piece waits, or stop_
  std::condition_variable done_;  // a piece is whole or failed
  std::deque<Piece*> waiting_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tipple
