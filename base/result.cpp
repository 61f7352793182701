#include "base/result.h"

#include <cstring>

namespace tipple {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return 2;
    case ErrorKind::kStrict:
      return 3;
    case ErrorKind::kQuality:
      return 4;
    case ErrorKind::kEnvironment:
      return 5;
    case ErrorKind::kLocked:
      return 6;
    case ErrorKind::kCheckpointed:
      return 75;
  }
  TIPPLE_CHECK(false, "unknown error kind");
}

std::string Error::to_string() const {
  std::string text;
  if (!where.empty()) text += where + ": ";
  text += what;
  if (!hint.empty()) text += " (" + hint + ")";
  return text;
}

Error usage_error(std::string what, std::string where, std::string hint) {
  return Error{ErrorKind::kUsage, std::move(what), std::move(where), std::move(hint)};
}

Error environment_error(std::string what, std::string where, std::string hint) {
  return Error{ErrorKind::kEnvironment, std::move(what), std::move(where), std::move(hint)};
}

Error system_error(int errno_value, std::string what, std::string where) {
  what += ": ";
  what += std::strerror(errno_value);
  return Error{ErrorKind::kEnvironment, std::move(what), std::move(where), {}};
}

}  // namespace tipple
