#include "formats/zip_archive.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <zip.h>

#include "formats/byte_source.h"

namespace tipple {
namespace {

// More are a mistake or an attack: the archive's list is read again for each of them.
constexpr zip_int64_t kMembersMax = 65'536;
constexpr const char* kAgain = "make or fetch the archive again";

struct DiscardArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, DiscardArchive>;

struct CloseMember {
  void operator()(zip_file_t* member) const { zip_fclose(member); }
};

Result<Archive> open_archive(const std::string& path) {
  int code = 0;
  Archive archive(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (archive) return archive;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return environment_error("cannot be opened as a zip archive: " + text, path, kAgain);
}

// Names are paths below the archive; whatever leaves it was made to harm.
bool leaves_archive(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.front() == '\\') return true;
  if (name.size() >= 2 && name[1] == ':') return true;
  while (!name.empty()) {
    const std::size_t slash = std::min(name.find_first_of("/\\"), name.size());
    if (name.substr(0, slash) == "..") return true;
    name.remove_prefix(std::min(slash + 1, name.size()));
  }
  return false;
}

Error member_error(const std::string& path, const std::string& name, const std::string& what,
                   std::string hint = kAgain) {
  return environment_error(fmt::format("its member '{}' {}", name, what), path, std::move(hint));
}

Status check_encryption(const zip_stat_t& member, const std::string& path, const std::string& name) {
  if ((member.valid & ZIP_STAT_ENCRYPTION_METHOD) == 0 || member.encryption_method == ZIP_EM_NONE) return {};
  return member_error(path, name, "is encrypted", "decrypt it before the load");
}

class ZipMemberStream final : public ByteStream {
 public:
  ZipMemberStream(Archive archive, zip_file_t* member, const zip_stat_t& stat, std::string path, std::string name)
      : archive_(std::move(archive)),
        member_(member),
        size_(stat.size),
        compressed_(stat.comp_size),
        path_(std::move(path)),
        name_(std::move(name)) {}

  Result<std::size_t> read(std::span<char> out) override {
    std::size_t made = 0;
    while (made < out.size()) {
      const zip_int64_t got = zip_fread(member_.get(), out.data() + made, out.size() - made);
      if (got < 0) {
        return member_error(
            path_, name_,
            fmt::format("is damaged behind byte {} of its text: {}", made_, zip_file_strerror(member_.get())));
      }
      if (got == 0) break;
      made += static_cast<std::size_t>(got);
      made_ += static_cast<std::uint64_t>(got);
    }
    if (made < out.size() && made_ != size_) {
      return member_error(path_, name_, fmt::format("has {} bytes, and should have {}", made_, size_));
    }
    return made;
  }

  // libzip does not tell; what came out is as far through the member as what went in.
  std::uint64_t bytes_taken() const override {
    if (made_ >= size_) return compressed_;
    return static_cast<std::uint64_t>(static_cast<long double>(made_) / static_cast<long double>(size_) *
                                      static_cast<long double>(compressed_));
  }

 private:
  Archive archive_;  // outlives member_
  std::unique_ptr<zip_file_t, CloseMember> member_;
  std::uint64_t size_;
  std::uint64_t compressed_;
  std::uint64_t made_ = 0;
  std::string path_;
  std::string name_;
};

}  // namespace

Result<std::vector<ZipMember>> list_zip_members(const std::string& path) {
  TIPPLE_TRY(const Archive archive, open_archive(path));
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  if (count > kMembersMax) {
    return environment_error(fmt::format("has {} members, more than {}", count, kMembersMax), path,
                             "unpack it, or make several archives of it");
  }
  std::vector<ZipMember> members;
  std::set<std::string> names;
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    if (zip_stat_index(archive.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW, &stat) != 0 ||
        (stat.valid & ZIP_STAT_NAME) == 0) {
      return environment_error(
          fmt::format("member {} of the archive cannot be read: {}", i, zip_strerror(archive.get())), path, kAgain);
    }
    std::string name = stat.name;
    if (leaves_archive(name)) {
      return member_error(path, name, "has a name that leaves the archive",
                          "do not trust this archive; unpack it by hand if you must");
    }
    if (name.back() == '/') continue;
    TIPPLE_RETURN_IF_ERROR(check_encryption(stat, path, name));
    if (!names.insert(name).second)
      return member_error(path, name, "stands in it twice", "make the archive again, with each name once");
    members.push_back({std::move(name), stat.comp_size});
  }
  std::sort(members.begin(), members.end(), [](const ZipMember& a, const ZipMember& b) { return a.name < b.name; });
  return members;
}

Result<std::unique_ptr<ByteStream>> open_zip_member(const std::string& path, const std::string& name) {
  TIPPLE_TRY(Archive archive, open_archive(path));
  const zip_int64_t index = zip_name_locate(archive.get(), name.c_str(), ZIP_FL_ENC_RAW);
  zip_stat_t stat;
  if (index < 0 || zip_stat_index(archive.get(), static_cast<zip_uint64_t>(index), 0, &stat) != 0) {
    return member_error(path, name, "is not there any more",
                        "let whatever writes the archive finish, then run the load again");
  }
  TIPPLE_RETURN_IF_ERROR(check_encryption(stat, path, name));
  zip_file_t* member = zip_fopen_index(archive.get(), static_cast<zip_uint64_t>(index), 0);
  if (member == nullptr) {
    const bool method = zip_error_code_zip(zip_get_error(archive.get())) == ZIP_ER_COMPNOTSUPP;
    return member_error(path, name, fmt::format("cannot be opened: {}", zip_strerror(archive.get())),
                        method ? "make the archive again with the method 'deflate'" : kAgain);
  }
  return std::unique_ptr<ByteStream>(std::make_unique<ZipMemberStream>(std::move(archive), member, stat, path, name));
}

}  // namespace tipple
