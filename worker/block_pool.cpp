#include "worker/block_pool.h"

#include <sys/mman.h>

#include <cstring>
#include <utility>

#include "base/check.h"

namespace tipple {
namespace {

constexpr std::size_t kHeadroomBytes = BlockPool::kCarryBytesMax;
constexpr std::size_t kReadableBytesPastEnd = 64;
constexpr std::size_t kPageBytes = 4096;
// A slab that had to grow for a long record goes back to the system instead of the pool.
constexpr std::size_t kMappedFactorMax = 2;
constexpr std::size_t kFreeSlabsMax = 64;

std::size_t mapping_bytes(std::size_t front, std::size_t content) {
  return (front + content + kReadableBytesPastEnd + kPageBytes - 1) / kPageBytes * kPageBytes;
}

char* map_bytes(std::size_t bytes) {
  void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<char*>(mapped);
}

}  // namespace

BlockSlab::BlockSlab(std::size_t block_bytes) {
  const std::size_t bytes = mapping_bytes(kHeadroomBytes, block_bytes);
  base_ = map_bytes(bytes);
  if (base_ != nullptr) mapped_ = bytes;
}

BlockSlab::~BlockSlab() {
  if (base_ != nullptr) ::munmap(base_, mapped_);
}

bool BlockSlab::grow(std::size_t front, std::size_t content) {
  const std::size_t bytes = mapping_bytes(front, content);
  char* base = map_bytes(bytes);
  if (base == nullptr) return false;
  if (size_ > 0) std::memcpy(base + front, base_ + begin_, size_);
  if (base_ != nullptr) ::munmap(base_, mapped_);
  base_ = base;
  mapped_ = bytes;
  begin_ = front;
  return true;
}

char* BlockSlab::prepare(std::size_t bytes) {
  size_ = 0;
  begin_ = kHeadroomBytes;
  if (mapping_bytes(kHeadroomBytes, bytes) > mapped_ && !grow(kHeadroomBytes, bytes)) return nullptr;
  return base_ + begin_;
}

bool BlockSlab::prepend(std::span<const char> carry) {
  if (carry.empty()) return true;
  if (carry.size() > begin_ && !grow(carry.size(), size_)) return false;
  begin_ -= carry.size();
  std::memcpy(base_ + begin_, carry.data(), carry.size());
  size_ += carry.size();
  return true;
}

void BlockSlab::drop_front(std::size_t bytes) {
  TIPPLE_CHECK(bytes <= size_, "more dropped than the block holds");
  begin_ += bytes;
  size_ -= bytes;
}

RecordIndex& BlockSlab::index_for(SourceId source, const RecordBinding& binding) {
  if (!index_ || index_source_ != source) {
    index_ = binding.make_index();
    index_source_ = source;
  }
  return *index_;
}

std::size_t BlockPool::slab_bytes(std::size_t block_bytes) { return mapping_bytes(kHeadroomBytes, block_bytes); }

BlockPool::Lease BlockPool::take() {
  std::unique_ptr<BlockSlab> slab;
  {
    const std::lock_guard lock(free_mutex_);
    if (!free_.empty()) {
      slab = std::move(free_.back());
      free_.pop_back();
    }
  }
  if (!slab) slab = std::make_unique<BlockSlab>(block_bytes_);
  return Lease(slab.release(), Return{this});
}

void BlockPool::Return::operator()(BlockSlab* slab) const { pool->put(std::unique_ptr<BlockSlab>(slab)); }

void BlockPool::put(std::unique_ptr<BlockSlab> slab) {
  if (slab->mapped_bytes() > kMappedFactorMax * mapping_bytes(kHeadroomBytes, block_bytes_)) return;
  const std::lock_guard lock(free_mutex_);
  if (free_.size() < kFreeSlabsMax) free_.push_back(std::move(slab));
}

}  // namespace tipple
