#include "coordinator/journal.h"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "base/file.h"
#include "base/fixed_bytes.h"
#include "base/limits.h"
#include "coordinator/codec.h"
#include "coordinator/journal_frames.h"

namespace tipple {
namespace {

constexpr char kFileMagic[8] = {'T', 'I', 'P', 'P', 'L', 'E', 'J', '\n'};
constexpr std::uint32_t kFrameMagic = 0x464A5054;  // "TPJF"
constexpr std::string_view kAttemptPrefix = "attempt-";
constexpr std::uint64_t kJournalBytesMax = 16 * limits::kGiB;
constexpr std::uint32_t kAttemptsMax = 1'000'000;

struct Frame {
  std::uint64_t sequence = 0;
  std::span<const std::byte> payload;
};

// The whole, unharmed frame at the beginning of `bytes`, if there is one.
std::optional<Frame> frame_at(std::span<const std::byte> bytes) {
  if (bytes.size() < kJournalFrameHeaderBytes || get<std::uint32_t>(bytes.data()) != kFrameMagic) return std::nullopt;
  const auto length = get<std::uint32_t>(bytes.data() + 4);
  if (length > limits::kMessageBytesMax || length > bytes.size() - kJournalFrameHeaderBytes) return std::nullopt;
  Frame frame{get<std::uint64_t>(bytes.data() + 8), bytes.subspan(kJournalFrameHeaderBytes, length)};
  if (get<std::uint64_t>(bytes.data() + 16) != journal_checksum(frame.payload, frame.sequence)) return std::nullopt;
  return frame;
}

// Does any whole frame begin behind the first byte? Then what stands before it is damage, not a torn tail.
bool frame_follows(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::string_view magic(reinterpret_cast<const char*>(&kFrameMagic), sizeof kFrameMagic);
  for (auto at = text.find(magic, 1); at != std::string_view::npos; at = text.find(magic, at + 1)) {
    if (frame_at(bytes.subspan(at))) return true;
  }
  return false;
}

Error damaged(const std::string& where, std::size_t byte, const std::string& what) {
  return environment_error("damaged journal: " + what, where + ": byte " + std::to_string(byte),
                           "restore the file from a backup, or remove the load's folder to load from the beginning");
}

void apply_entry(JournalEntry&& entry, LoadState& state) {
  struct Visitor {
    LoadState& state;
    void operator()(JournalOpened&& opened) { state.opened.push_back(std::move(opened)); }
    void operator()(JournalInputs&& inputs) {
      const auto found = std::find_if(state.inputs.begin(), state.inputs.end(),
                                      [&](const SourceExtents& known) { return known.source == inputs.source; });
      if (found == state.inputs.end()) {
        state.inputs.push_back({inputs.source, std::move(inputs.extents)});
      } else {
        std::move(inputs.extents.begin(), inputs.extents.end(), std::back_inserter(found->extents));
      }
    }
    void operator()(JournalAccepted&& accepted) {
      const ChunkId chunk = accepted.report.chunk;
      state.accepted.insert_or_assign(chunk, std::move(accepted.report));
    }
    void operator()(JournalPublished&& published) { state.published = std::move(published.report.tables); }
    void operator()(JournalClosed&& closed) { state.closed.push_back(std::move(closed)); }
  };
  std::visit([&](auto&& value) { Visitor{state}(std::move(value)); }, std::move(entry));
}

// The load id of the header, or nothing if the file ends within it.
Result<std::optional<LoadId>> read_header(std::span<const std::byte> bytes, const std::string& where) {
  if (bytes.size() < kJournalHeaderBytes) return std::optional<LoadId>{};
  if (get<std::uint64_t>(bytes.data() + 32) != journal_checksum(bytes.first(32), 0) ||
      std::memcmp(bytes.data(), kFileMagic, sizeof kFileMagic) != 0) {
    return damaged(where, 0, "its header is not that of a journal");
  }
  if (const auto version = get<std::uint32_t>(bytes.data() + 8); version != kJournalVersion) {
    return environment_error("this journal has format " + std::to_string(version) + ", this program reads format " +
                                 std::to_string(kJournalVersion),
                             where, "use the version of the program that began the load");
  }
  return std::optional<LoadId>{LoadId{get<std::uint64_t>(bytes.data() + 16), get<std::uint64_t>(bytes.data() + 24)}};
}

class FileJournal final : public JournalWriter {
 public:
  FileJournal(File file, std::uint64_t size) : file_(std::move(file)), size_(size) {}

  Status append(const JournalEntry& entry) override {
    if (broken_) return broken();
    frame_.clear();
    append_journal_frame(entry, sequence_, frame_);
    if (Status written = file_.write_all(frame_); !written.ok()) {
      // A torn frame in the middle would read as damage: cut it off, and write nothing after it either way.
      broken_ = true;
      if (::ftruncate(file_.fd(), static_cast<off_t>(size_)) != 0)
        return system_error(errno, "cannot repair the journal", file_.path().string());
      return written;
    }
    size_ += frame_.size();
    ++sequence_;
    return {};
  }

  Status sync() override {
    if (broken_) return broken();
    Status synced = file_.sync();
    broken_ = !synced.ok();
    return synced;
  }

 private:
  [[nodiscard]] Error broken() const {
    return environment_error("the journal could not be written earlier", file_.path().string());
  }

  File file_;
  std::uint64_t size_;
  std::uint64_t sequence_ = 0;
  bool broken_ = false;
  std::vector<std::byte> frame_;
};

}  // namespace

std::uint64_t journal_checksum(std::span<const std::byte> bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::vector<std::byte> journal_header(LoadId load) {
  std::vector<std::byte> bytes(kJournalHeaderBytes);
  std::memcpy(bytes.data(), kFileMagic, sizeof kFileMagic);
  put(bytes.data() + 8, kJournalVersion);
  put(bytes.data() + 12, std::uint32_t{0});
  put(bytes.data() + 16, load.high);
  put(bytes.data() + 24, load.low);
  put(bytes.data() + 32, journal_checksum(std::span<const std::byte>(bytes).first(32), 0));
  return bytes;
}

void append_journal_frame(const JournalEntry& entry, std::uint64_t sequence, std::vector<std::byte>& out) {
  const std::size_t begin = out.size();
  out.resize(begin + kJournalFrameHeaderBytes);
  encode_journal_entry(entry, out);
  const auto payload = std::span<const std::byte>(out).subspan(begin + kJournalFrameHeaderBytes);
  TIPPLE_CHECK(payload.size() <= limits::kMessageBytesMax, "a journal entry is larger than limits::kMessageBytesMax");
  std::byte* header = out.data() + begin;
  put(header, kFrameMagic);
  put(header + 4, static_cast<std::uint32_t>(payload.size()));
  put(header + 8, sequence);
  put(header + 16, journal_checksum(payload, sequence));
}

Status replay_journal(std::span<const std::byte> bytes, const std::string& where, LoadState& state) {
  TIPPLE_TRY(const std::optional<LoadId> load, read_header(bytes, where));
  if (!load) {
    state.torn_bytes += bytes.size();
    return {};
  }
  std::size_t at = kJournalHeaderBytes;
  for (std::uint64_t sequence = 0; at < bytes.size(); ++sequence) {
    const auto rest = bytes.subspan(at);
    const auto frame = frame_at(rest);
    if (!frame) {
      if (frame_follows(rest)) return damaged(where, at, "a frame is broken, and whole ones follow it");
      state.torn_bytes += rest.size();
      return {};
    }
    if (frame->sequence != sequence) return damaged(where, at, "a frame is out of sequence");
    auto entry = decode_journal_entry(frame->payload);
    if (!entry.ok()) return damaged(where, at, entry.error().what);
    const auto* opened = std::get_if<JournalOpened>(&*entry);
    if ((sequence == 0) != (opened != nullptr))
      return damaged(where, at, "its first entry, and only that, opens the attempt");
    if (opened != nullptr && opened->load.load != *load) return damaged(where, at, "it belongs to another load");
    apply_entry(std::move(*entry), state);
    at += kJournalFrameHeaderBytes + frame->payload.size();
  }
  return {};
}

Result<OpenedJournal> open_attempt(const std::filesystem::path& load_folder, LoadId load) {
  TIPPLE_RETURN_IF_ERROR(create_folders(load_folder));
  const auto header = journal_header(load);
  const std::string_view content(reinterpret_cast<const char*>(header.data()), header.size());
  for (std::uint32_t number = 1; number <= kAttemptsMax; ++number) {
    const auto path = load_folder / (std::string(kAttemptPrefix) + std::to_string(number));
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) continue;
    TIPPLE_TRY(const bool ours, create_file_exclusive(path, content));
    if (!ours) continue;
    TIPPLE_TRY(File file, File::open(path, O_WRONLY | O_APPEND));
    return OpenedJournal{std::make_unique<FileJournal>(std::move(file), header.size()), number};
  }
  return environment_error("this load has had too many attempts", load_folder.string(),
                           "remove the folder to load from the beginning");
}

Result<LoadState> read_journals(const std::filesystem::path& load_folder) {
  LoadState state;
  std::map<std::uint32_t, std::filesystem::path> attempts;
  std::error_code error;
  std::filesystem::directory_iterator entries(load_folder, error);
  if (error == std::errc::no_such_file_or_directory) return state;
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    if (!name.starts_with(kAttemptPrefix)) continue;
    std::uint32_t number = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + kAttemptPrefix.size(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end) attempts.emplace(number, entries->path());
  }
  if (error) return system_error(error.value(), "cannot list the load's attempts", load_folder.string());
  for (const auto& [number, path] : attempts) {
    TIPPLE_TRY(const std::string content, read_file(path, kJournalBytesMax));
    TIPPLE_RETURN_IF_ERROR(replay_journal(std::as_bytes(std::span(content)), path.string(), state));
    ++state.attempts;
  }
  return state;
}

}  // namespace tipple
