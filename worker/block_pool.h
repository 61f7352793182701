// BlockPool: the read buffers of the task graph and the record index that goes with each, reused from block to block
// and chunk to chunk.
//
// Owner: one per ChunkRunner. Thread rule: take() and the return of a slab are safe from any thread; a BlockSlab has
// one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/ids.h"
#include "formats/record_format.h"

namespace tipple {

// Bytes in a private mapping, with room in front for the partial record carried over from the block before, and 64
// readable bytes past the content, as the formats' kernels want them.
class BlockSlab {
 public:
  explicit BlockSlab(std::size_t block_bytes);
  ~BlockSlab();
  BlockSlab(const BlockSlab&) = delete;
  BlockSlab& operator=(const BlockSlab&) = delete;

  // Empties the slab and makes room for `bytes`: where the caller writes them. Null: out of memory.
  [[nodiscard]] char* prepare(std::size_t bytes);
  void commit(std::size_t bytes) { size_ = bytes; }
  // Puts `carry` in front of the content. False: out of memory.
  [[nodiscard]] bool prepend(std::span<const char> carry);
  void drop_front(std::size_t bytes);
  void keep_front(std::size_t bytes) { size_ = bytes; }

  [[nodiscard]] std::span<const char> content() const { return {base_ + begin_, size_}; }
  [[nodiscard]] std::size_t mapped_bytes() const { return mapped_; }
  // Memory held, index included.
  [[nodiscard]] std::uint64_t bytes_used() const { return mapped_ + (index_ ? index_->bytes_used() : 0); }

  // The index for blocks of `source`; one of another source is thrown away.
  [[nodiscard]] RecordIndex& index_for(SourceId source, const RecordBinding& binding);
  [[nodiscard]] const RecordIndex& index() const { return *index_; }

 private:
  [[nodiscard]] bool grow(std::size_t front, std::size_t content);

  char* base_ = nullptr;
  std::size_t mapped_ = 0;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
  std::unique_ptr<RecordIndex> index_;
  SourceId index_source_;
};

class BlockPool {
 public:
  explicit BlockPool(std::size_t block_bytes) : block_bytes_(block_bytes) {}

  struct Return {
    BlockPool* pool = nullptr;
    void operator()(BlockSlab* slab) const;
  };
  using Lease = std::unique_ptr<BlockSlab, Return>;
  [[nodiscard]] Lease take();
  [[nodiscard]] std::size_t block_bytes() const { return block_bytes_; }

  // The longest partial record that is carried from block to block: a longer one is kept apart (BlockSplitter).
  static constexpr std::size_t kCarryBytesMax = 64 * 1024;
  // Mapped for a block of `block_bytes` and what is carried over to it.
  [[nodiscard]] static std::size_t slab_bytes(std::size_t block_bytes);

 private:
  void put(std::unique_ptr<BlockSlab> slab);

  const std::size_t block_bytes_;
  std::mutex free_mutex_;  // guards free_
  std::vector<std::unique_ptr<BlockSlab>> free_;
};

}  // namespace tipple
