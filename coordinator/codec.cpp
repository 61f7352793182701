#include "coordinator/codec.h"

#include <boost/archive/archive_exception.hpp>
#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <cstring>
#include <streambuf>
#include <type_traits>

namespace tipple {
namespace {

constexpr unsigned kArchiveFlags = boost::archive::no_header | boost::archive::no_codecvt | boost::archive::no_tracking;

class AppendBuffer final : public std::streambuf {
 public:
  explicit AppendBuffer(std::vector<std::byte>& out) : out_(out) {}

 protected:
  std::streamsize xsputn(const char* bytes, std::streamsize count) override {
    const auto* begin = reinterpret_cast<const std::byte*>(bytes);
    out_.insert(out_.end(), begin, begin + count);
    return count;
  }
  int_type overflow(int_type byte) override {
    out_.push_back(static_cast<std::byte>(byte));
    return byte;
  }

 private:
  std::vector<std::byte>& out_;
};

class ReadBuffer final : public std::streambuf {
 public:
  explicit ReadBuffer(std::span<const std::byte> bytes) {
    char* begin = const_cast<char*>(reinterpret_cast<const char*>(bytes.data()));  // only read from
    setg(begin, begin, begin + bytes.size());
  }
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(egptr() - gptr()); }
};

// The bytes are not what encode wrote. Never leaves this file.
struct Malformed {
  const char* what;
};

template <typename T>
concept Number = std::is_integral_v<T> && !std::is_same_v<T, bool>;

// Boost trusts the counts that it reads, and asserts on a bool that is neither 0 nor 1: containers, strings, bools and
// enums go through these two classes, and Boost sees numbers and raw bytes only.
class Saver {
 public:
  explicit Saver(boost::archive::binary_oarchive& archive) : archive_(archive) {}

  template <typename... Fields>
  void operator()(const Fields&... fields) {
    (one(fields), ...);
  }

  template <Number T>
  void one(const T& number) {
    archive_ << number;
  }
  void one(const bool& flag) { archive_ << static_cast<std::uint8_t>(flag ? 1 : 0); }
  void one(const std::string& text) {
    archive_ << static_cast<std::uint64_t>(text.size());
    archive_.save_binary(text.data(), text.size());
  }
  template <typename T>
  void one(const std::vector<T>& values) {
    archive_ << static_cast<std::uint64_t>(values.size());
    for (const T& value : values) one(value);
  }
  template <typename T>
  void one(const std::optional<T>& value) {
    one(value.has_value());
    if (value) one(*value);
  }
  template <typename T, std::size_t N>
  void one(const std::array<T, N>& values) {
    for (const T& value : values) one(value);
  }
  template <typename Tag, typename N>
  void one(const StrongId<Tag, N>& id) {
    archive_ << id.value();
  }
  void one(const ErrorKind& kind) { archive_ << static_cast<std::uint8_t>(kind); }
  template <typename T>
  requires std::is_class_v<T>
  void one(const T& value) { fields(*this, const_cast<T&>(value)); }

 private:
  boost::archive::binary_oarchive& archive_;
};

class Loader {
 public:
  Loader(boost::archive::binary_iarchive& archive, const ReadBuffer& buffer) : archive_(archive), buffer_(buffer) {}

  template <typename... Fields>
  void operator()(Fields&... fields) {
    (one(fields), ...);
  }

  template <Number T>
  void one(T& number) {
    archive_ >> number;
  }
  void one(bool& flag) {
    std::uint8_t byte = 0;
    archive_ >> byte;
    if (byte > 1) throw Malformed{"a flag is neither 0 nor 1"};
    flag = byte == 1;
  }
  void one(std::string& text) {
    text.resize(count());
    archive_.load_binary(text.data(), text.size());
  }
  template <typename T>
  void one(std::vector<T>& values) {
    const std::size_t size = count();
    values.clear();
    // Grows with what is really there: a count alone allocates nothing.
    for (std::size_t i = 0; i < size; ++i) one(values.emplace_back());
  }
  template <typename T>
  void one(std::optional<T>& value) {
    bool has = false;
    one(has);
    value.reset();
    if (has) one(value.emplace());
  }
  template <typename T, std::size_t N>
  void one(std::array<T, N>& values) {
    for (T& value : values) one(value);
  }
  template <typename Tag, typename N>
  void one(StrongId<Tag, N>& id) {
    N number = 0;
    archive_ >> number;
    id = StrongId<Tag, N>(number);
  }
  void one(ErrorKind& kind) {
    std::uint8_t byte = 0;
    archive_ >> byte;
    if (byte > static_cast<std::uint8_t>(ErrorKind::kCheckpointed)) throw Malformed{"an unknown kind of error"};
    kind = static_cast<ErrorKind>(byte);
  }
  template <typename T>
  requires std::is_class_v<T>
  void one(T& value) { fields(*this, value); }

 private:
  // Every element takes at least one byte.
  std::size_t count() {
    std::uint64_t size = 0;
    archive_ >> size;
    if (size > buffer_.left()) throw Malformed{"a count is larger than the bytes that follow it"};
    return static_cast<std::size_t>(size);
  }

  boost::archive::binary_iarchive& archive_;
  const ReadBuffer& buffer_;
};

// ---- one list of fields per struct, for both directions. A change here is a change of kJournalVersion or
// kEnvelopeVersion.
template <typename A>
void fields(A& a, Id128& v) {
  a(v.high, v.low);
}
template <typename A>
void fields(A& a, Error& v) {
  a(v.kind, v.what, v.where, v.hint);
}
template <typename A>
void fields(A& a, RowAccount& v) {
  a(v.rows_in, v.rows_out, v.rejected, v.filtered, v.deduplicated, v.added);
}
template <typename A>
void fields(A& a, ColumnStats& v) {
  a(v.null_count, v.min_json, v.max_json);
}
template <typename A>
void fields(A& a, Extent& v) {
  a(v.path, v.size, v.mtime_ns, v.splittable, v.member);
}
template <typename A>
void fields(A& a, SourceExtents& v) {
  a(v.source, v.extents);
}
template <typename A>
void fields(A& a, TaskSegment& v) {
  a(v.path, v.size, v.mtime_ns, v.begin, v.end, v.member);
}
template <typename A>
void fields(A& a, ChunkTask& v) {
  a(v.chunk, v.issue, v.source, v.segments, v.known_start);
}
template <typename A>
void fields(A& a, ScanTask& v) {
  a(v.first_chunk, v.source, v.segment, v.cuts);
}
template <typename A>
void fields(A& a, ScanReport& v) {
  a(v.first_chunk, v.starts);
}
template <typename A>
void fields(A& a, RecordRange& v) {
  a(v.any, v.guessed, v.start, v.end, v.lines);
}
template <typename A>
void fields(A& a, StagedPart& v) {
  a(v.path, v.bytes, v.rows, v.sha256, v.content_digest, v.columns);
}
template <typename A>
void fields(A& a, TableReport& v) {
  a(v.table, v.rows, v.part, v.rejects, v.check_failures);
}
template <typename A>
void fields(A& a, StageTimes& v) {
  a(v.busy_ns, v.wait_ns);
}
template <typename A>
void fields(A& a, ChunkReport& v) {
  a(v.chunk, v.issue, v.range, v.tables, v.bytes_read, v.run_ns, v.memory_peak_bytes, v.stages);
}
template <typename A>
void fields(A& a, ChunkFailure& v) {
  a(v.chunk, v.issue, v.error, v.retryable);
}
template <typename A>
void fields(A& a, LoadSetup& v) {
  a(v.job_text, v.job_file, v.job_folder, v.mode, v.tables, v.columns, v.lookups, v.load, v.attempt, v.attempt_number,
    v.lease_ns);
}
template <typename A>
void fields(A& a, PublishedTable& v) {
  a(v.table, v.version, v.already);
}
template <typename A>
void fields(A& a, PublishReport& v) {
  a(v.tables, v.error);
}
template <typename A>
void fields(A& a, Hello& v) {
  a(v.host, v.pid, v.threads);
}
template <typename A>
void fields(A& a, Heartbeat& v) {
  a(v.sequence);
}
template <typename A>
void fields(A&, Goodbye&) {}
template <typename A>
void fields(A& a, Setup& v) {
  a(v.load);
}
template <typename A>
void fields(A& a, HeartbeatAnswer& v) {
  a(v.sequence);
}
template <typename A>
void fields(A& a, Assign& v) {
  a(v.task);
}
template <typename A>
void fields(A& a, AssignScan& v) {
  a(v.task);
}
template <typename A>
void fields(A& a, Revoke& v) {
  a(v.chunk, v.issue);
}
template <typename A>
void fields(A&, Publish&) {}
template <typename A>
void fields(A& a, Finish& v) {
  a(v.exit_code);
}
template <typename A>
void fields(A& a, JournalOpened& v) {
  a(v.load, v.chunk_count, v.worker_count, v.host, v.pid, v.slurm_job);
}
template <typename A>
void fields(A& a, JournalInputs& v) {
  a(v.source, v.extents);
}
template <typename A>
void fields(A& a, JournalAccepted& v) {
  a(v.report);
}
template <typename A>
void fields(A& a, JournalPublished& v) {
  a(v.report);
}
template <typename A>
void fields(A& a, JournalClosed& v) {
  a(v.exit_code, v.message);
}

template <typename Variant>
void encode(const Variant& variant, std::vector<std::byte>& out) {
  AppendBuffer buffer(out);
  boost::archive::binary_oarchive archive(buffer, kArchiveFlags);
  Saver save(archive);
  save(static_cast<std::uint8_t>(variant.index()));
  std::visit([&](const auto& value) { save(value); }, variant);
}

template <typename Variant, std::size_t Index = 0>
Variant load_alternative(Loader& load, std::size_t index) {
  if constexpr (Index < std::variant_size_v<Variant>) {
    if (index != Index) return load_alternative<Variant, Index + 1>(load, index);
    std::variant_alternative_t<Index, Variant> value;
    load(value);
    return value;
  } else {
    throw Malformed{"an unknown kind"};
  }
}

template <typename Variant>
Result<Variant> decode(std::span<const std::byte> bytes) {
  try {
    ReadBuffer buffer(bytes);
    boost::archive::binary_iarchive archive(buffer, kArchiveFlags);
    Loader load(archive, buffer);
    std::uint8_t index = 0;
    load(index);
    Variant value = load_alternative<Variant>(load, index);
    if (buffer.left() != 0) return environment_error("malformed bytes: more than the value takes");
    return value;
  } catch (const Malformed& malformed) {
    return environment_error(std::string("malformed bytes: ") + malformed.what);
  } catch (const boost::archive::archive_exception&) {
    return environment_error("malformed bytes: they end too early");
  }
}

}  // namespace

void encode_message(const Message& message, std::vector<std::byte>& out) { encode(message, out); }
Result<Message> decode_message(std::span<const std::byte> bytes) { return decode<Message>(bytes); }
void encode_journal_entry(const JournalEntry& entry, std::vector<std::byte>& out) { encode(entry, out); }
Result<JournalEntry> decode_journal_entry(std::span<const std::byte> bytes) { return decode<JournalEntry>(bytes); }

}  // namespace tipple
