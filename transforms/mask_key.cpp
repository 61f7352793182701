#include "transforms/mask_key.h"

#include <openssl/crypto.h>
#include <unistd.h>

#include <cstdlib>

#include <fmt/format.h>

#include "base/file.h"

namespace tipple {
namespace {

constexpr std::size_t kKeyBytesMin = 16;
constexpr std::size_t kKeyBytesMax = 4096;

void wipe(std::string& bytes) { OPENSSL_cleanse(bytes.data(), bytes.size()); }

Result<std::string> read_env(const std::string& name, const std::string& place) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    return usage_error(fmt::format("the key in the environment variable '{}' is not set", name), place,
                       fmt::format("export {} in the environment of every rank", name));
  }
  return std::string(value);
}

Result<std::string> read_key_file(const std::string& name, const JobSpec& job, const std::string& place) {
  const std::filesystem::path path = job.folder / name;
  if (::access(path.c_str(), R_OK) != 0) {
    return usage_error(fmt::format("the key in the file '{}' is not set: it cannot be read", path.string()), place,
                       "the file must be readable on every node");
  }
  auto text = read_file(path, kKeyBytesMax + 2);
  if (!text.ok())
    return usage_error(fmt::format("the key in the file '{}' is not set: {}", path.string(), text.error().what), place);
  std::string key = std::move(text).value();
  if (key.ends_with('\n')) key.pop_back();
  if (key.ends_with('\r')) key.pop_back();
  return key;
}

}  // namespace

Result<SecretKey> SecretKey::read(const SecretRef& ref, const JobSpec& job, const std::string& place) {
  const bool env = ref.kind == SecretRef::Kind::kEnv;
  TIPPLE_TRY(std::string bytes, env ? read_env(ref.name, place) : read_key_file(ref.name, job, place));
  SecretKey key(std::move(bytes));
  if (key.bytes_.size() >= kKeyBytesMin && key.bytes_.size() <= kKeyBytesMax) return key;
  return usage_error(
      fmt::format("the key in {} '{}' has {} bytes, not {} to {}", env ? "the environment variable" : "the file",
                  ref.name, key.bytes_.size(), kKeyBytesMin, kKeyBytesMax),
      place, "make one with: openssl rand -hex 32");
}

SecretKey::SecretKey(SecretKey&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }

SecretKey::~SecretKey() { wipe(bytes_); }

}  // namespace tipple
