#include "formats/decode_parallel.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "formats/decode_pieces.h"

namespace tipple {
namespace {

constexpr std::size_t kPieceAimMin = 64 * limits::kKiB;
constexpr std::size_t kPieceAimMax = limits::kMiB;
constexpr std::uint64_t kPieceMemoryMin = limits::kMiB;
constexpr unsigned kThreadsMax = 64;
// Pieces that came to nothing, before a file is taken for one that cannot be cut.
constexpr unsigned kFailuresMax = 8;

// While one piece of each thread is decoded, another one waits to be given out.
constexpr unsigned pieces_max(unsigned threads) { return 2 * threads; }

// A piece's share; the window takes as much as a piece's input.
std::uint64_t piece_memory(unsigned threads, std::uint64_t memory_bytes) {
  return memory_bytes / (pieces_max(threads) + 1);
}

}  // namespace

bool ParallelDecode::is_worth_it(const FileBytes& file, Compression compression, unsigned threads,
                                 std::uint64_t memory_bytes) {
  return threads > 1 && has_pieces(compression) && file.size() >= 2 * kPieceAimMin &&
         piece_memory(std::min(threads, kThreadsMax), memory_bytes) >= kPieceMemoryMin;
}

ParallelDecode::ParallelDecode(const FileBytes& file, Compression compression, const DecodeContext& context,
                               unsigned threads, std::uint64_t memory_bytes)
    : file_(file),
      compression_(compression),
      context_(context),
      thread_count_(std::min(threads, kThreadsMax)),
      window_bytes_max_(piece_memory(thread_count_, memory_bytes) / 4),
      // While a piece's output grows it is there twice, the first time half as long.
      piece_out_max_((piece_memory(thread_count_, memory_bytes) - window_bytes_max_) / 3 * 2),
      piece_aim_(std::clamp<std::size_t>(piece_out_max_ / 24, kPieceAimMin, kPieceAimMax)) {
  TIPPLE_CHECK(is_worth_it(file, compression, threads, memory_bytes),
               "this file is not to be decompressed in parallel");
}

ParallelDecode::~ParallelDecode() {
  {
    const std::lock_guard lock(pieces_mutex_);
    stop_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Result<std::size_t> ParallelDecode::read(std::span<char> out) {
  std::size_t made = 0;
  while (made < out.size() && !end_) {
    if (sequential_) {
      TIPPLE_TRY(const std::size_t got, read_sequential(out.subspan(made)));
      made += got;
      continue;
    }
    TIPPLE_RETURN_IF_ERROR(hand_out());
    if (pieces_.empty()) {
      end_ = !sequential_from_here_;
      // A file that is one piece is read to its end; else only what was too long for a piece is.
      const bool whole_file = at_ == 0 && window_.size() == file_.size();
      if (!end_) TIPPLE_RETURN_IF_ERROR(go_sequential(whole_file ? UINT64_MAX : at_ + 1));
    } else if (wait_for_front()) {
      made += take_front(out.subspan(made));
    } else {
      const std::uint64_t until = at_ + pieces_.front()->in.size();
      ++failures_;
      piece_aim_ = std::max(piece_aim_ / 2, kPieceAimMin);
      drop_pieces();
      TIPPLE_RETURN_IF_ERROR(go_sequential(failures_ > kFailuresMax ? UINT64_MAX : until));
    }
  }
  return made;
}

// ---- sequential stretches

Status ParallelDecode::go_sequential(std::uint64_t until) {
  sequential_until_ = until;
  TIPPLE_TRY(sequential_, DecodeStream::make(std::make_unique<FileStream>(file_, at_), compression_, context_, at_));
  return {};
}

Result<std::size_t> ParallelDecode::read_sequential(std::span<char> out) {
  TIPPLE_TRY(const DecodeStream::Until until, sequential_->read_until(out, sequential_until_));
  at_ = sequential_->bytes_taken();
  end_ = until.end;
  if (until.there) {
    sequential_.reset();
    sequential_from_here_ = false;
    window_.clear();
    window_begin_ = 0;
    window_at_ = at_;
  }
  return until.made;
}

// ---- pieces

// Makes window_ hold `bytes`, or all that is left of the file.
Status ParallelDecode::fill_window(std::size_t bytes) {
  const std::size_t held = window_.size() - window_begin_;
  const std::uint64_t left = file_.size() - window_at_;
  const std::size_t wanted = std::min<std::uint64_t>(bytes, left);
  if (held >= wanted) return {};
  if (window_begin_ > 0) {
    std::memmove(window_.data(), window_.data() + window_begin_, held);
    window_begin_ = 0;
  }
  window_.resize(wanted);
  auto got = file_.read_at(std::span(window_).subspan(held), window_at_ + held);
  if (!got.ok()) return std::move(got).error();
  return {};
}

// 0: none is found, or it would be the only one.
Result<std::size_t> ParallelDecode::next_piece_bytes() {
  for (std::size_t wanted = 4 * piece_aim_;; wanted *= 4) {
    wanted = std::min(wanted, window_bytes_max_);
    TIPPLE_RETURN_IF_ERROR(fill_window(wanted));
    const std::span<const char> held = std::span<const char>(window_).subspan(window_begin_);
    const bool end = held.size() == file_.size() - window_at_;
    const auto bytes = find_piece(compression_, held.first(std::min(held.size(), window_bytes_max_)), piece_aim_, end);
    const bool only = bytes && *bytes == file_.size();
    if (bytes && !only && (*bytes >= piece_aim_ || end || wanted == window_bytes_max_)) return *bytes;
    if (end || wanted == window_bytes_max_) return std::size_t{0};
  }
}

Status ParallelDecode::hand_out() {
  while (!sequential_from_here_ && pieces_.size() < pieces_max(thread_count_) && window_at_ < file_.size()) {
    TIPPLE_TRY(const std::size_t bytes, next_piece_bytes());
    if (bytes == 0) {
      sequential_from_here_ = true;
    } else {
      submit(bytes);
    }
  }
  return {};
}

void ParallelDecode::submit(std::size_t bytes) {
  std::unique_ptr<Piece> piece;
  if (free_pieces_.empty()) {
    piece = std::make_unique<Piece>();
  } else {
    piece = std::move(free_pieces_.back());
    free_pieces_.pop_back();
  }
  const char* begin = window_.data() + window_begin_;
  piece->in.assign(begin, begin + bytes);
  piece->begin = window_at_;
  piece->made = 0;
  window_begin_ += bytes;
  window_at_ += bytes;
  {
    const std::lock_guard lock(pieces_mutex_);
    piece->state = Piece::State::kWaiting;
    waiting_.push_back(piece.get());
  }
  pieces_.push_back(std::move(piece));
  work_.notify_one();
  if (threads_.size() < std::min<std::size_t>(thread_count_, pieces_.size())) start_thread();
}

// Fewer threads than wanted will do; without any, what waits is left to the sequential way.
void ParallelDecode::start_thread() {
  try {
    threads_.emplace_back([this] { run_worker(); });
  } catch (const std::system_error&) {
    if (!threads_.empty()) return;
    const std::lock_guard lock(pieces_mutex_);
    for (Piece* piece : waiting_) piece->state = Piece::State::kFailed;
    waiting_.clear();
  }
}

bool ParallelDecode::wait_for_front() {
  const Piece& front = *pieces_.front();
  std::unique_lock lock(pieces_mutex_);
  done_.wait(lock, [&] { return front.state == Piece::State::kWhole || front.state == Piece::State::kFailed; });
  return front.state == Piece::State::kWhole;
}

std::size_t ParallelDecode::take_front(std::span<char> out) {
  Piece& front = *pieces_.front();
  const std::size_t count = std::min(out.size(), front.made - front_given_);
  std::copy_n(front.out.get() + front_given_, count, out.data());
  front_given_ += count;
  if (front_given_ == front.made) {
    front_given_ = 0;
    at_ = front.begin + front.in.size();
    free_pieces_.push_back(std::move(pieces_.front()));
    pieces_.pop_front();
  }
  return count;
}

void ParallelDecode::drop_pieces() {
  std::unique_lock lock(pieces_mutex_);
  for (Piece* piece : waiting_) piece->state = Piece::State::kFailed;
  waiting_.clear();
  done_.wait(lock, [&] {
    return std::all_of(pieces_.begin(), pieces_.end(),
                       [](const auto& piece) { return piece->state != Piece::State::kRunning; });
  });
  std::move(pieces_.begin(), pieces_.end(), std::back_inserter(free_pieces_));
  pieces_.clear();
}

// ---- the threads

void ParallelDecode::run_worker() {
  auto decoder = make_member_decoder(compression_);
  std::unique_lock lock(pieces_mutex_);
  while (true) {
    work_.wait(lock, [&] { return stop_ || !waiting_.empty(); });
    if (stop_) return;
    Piece& piece = *waiting_.front();
    waiting_.pop_front();
    piece.state = Piece::State::kRunning;
    lock.unlock();
    const bool whole = decoder.ok() && decode(**decoder, piece);
    lock.lock();
    piece.state = whole ? Piece::State::kWhole : Piece::State::kFailed;
    done_.notify_one();
  }
}

bool ParallelDecode::grow(Piece& piece) const {
  if (piece.out_room >= piece_out_max_) return false;
  const std::size_t room = std::min(std::max(4 * piece.in.size(), 2 * piece.out_room), piece_out_max_);
  std::unique_ptr<char[]> larger(new (std::nothrow) char[room]);
  if (!larger) return false;
  if (piece.made > 0) std::memcpy(larger.get(), piece.out.get(), piece.made);
  piece.out = std::move(larger);
  piece.out_room = room;
  return true;
}

bool ParallelDecode::decode(MemberDecoder& decoder, Piece& piece) const {
  std::span<const char> in = piece.in;
  if (!decoder.begin_member().ok()) return false;
  while (true) {
    if (piece.made == piece.out_room && !grow(piece)) return false;
    MemberDecoder::Step step;
    if (!decoder.decode(in, {piece.out.get() + piece.made, piece.out_room - piece.made}, step).ok()) return false;
    in = in.subspan(step.taken);
    piece.made += step.made;
    if (step.member_end && in.empty()) return true;
    if (step.member_end && !decoder.begin_member().ok()) return false;
    if (!step.member_end && step.taken == 0 && step.made == 0) return false;
  }
}

}  // namespace tipple
