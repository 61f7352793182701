// Result<T>: a value or an Error. How every fallible function of Tipple answers.
//
// Owner: base. Thread rule: values, no shared state.
// Three kinds of fault are kept apart: the user's (kUsage, kQuality, ...), the
// environment's (kEnvironment, ...) and our own bugs, which are not Results but
// failed checks (base/check.h). Bad input records are neither: they are Rejects.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace tipple {

// What went wrong, and with it the exit code of the program (docs/cli.md).
enum class ErrorKind {
  kUsage,         // 2: command line, job file, schema that does not match the input
  kStrict,        // 3: rejects under --strict
  kQuality,       // 4: a quality limit was passed; nothing published
  kEnvironment,   // 5: I/O, memory, a corrupt file, a lost peer
  kLocked,        // 6: another load holds the target
  kCheckpointed,  // 75: stopped on request; run again to go on
};

[[nodiscard]] int exit_code(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::kEnvironment;
  std::string what;   // what happened, one sentence without a final full stop
  std::string where;  // file:line:column, path, offset; may be empty
  std::string hint;   // what to do next; may be empty

  // "where: what (hint)" on one line.
  [[nodiscard]] std::string to_string() const;
};

// Error constructors, so that call sites read as sentences.
[[nodiscard]] Error usage_error(std::string what, std::string where = {}, std::string hint = {});
[[nodiscard]] Error environment_error(std::string what, std::string where = {}, std::string hint = {});
// Appends strerror(errno_value) to `what`.
[[nodiscard]] Error system_error(int errno_value, std::string what, std::string where = {});

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit on purpose
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Precondition: ok(). A violated one is a bug and stops the program with the error's text.
  T& value() & {
    check_ok();
    return std::get<0>(state_);
  }
  const T& value() const& {
    check_ok();
    return std::get<0>(state_);
  }
  T&& value() && {
    check_ok();
    return std::get<0>(std::move(state_));
  }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }

  // Precondition: !ok().
  const Error& error() const& {
    TIPPLE_CHECK(!ok(), "error() of a good result");
    return std::get<1>(state_);
  }
  Error&& error() && {
    TIPPLE_CHECK(!ok(), "error() of a good result");
    return std::get<1>(std::move(state_));
  }

 private:
  void check_ok() const {
    if (!ok()) [[unlikely]]
      check_failed("result.ok()", std::get<1>(state_).to_string().c_str(), __FILE__, __LINE__);
  }
  std::variant<T, Error> state_;
};

// Success or an Error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT: implicit on purpose
  static Status ok_status() { return {}; }

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& {
    TIPPLE_CHECK(!ok(), "error() of a good status");
    return *error_;
  }
  Error&& error() && {
    TIPPLE_CHECK(!ok(), "error() of a good status");
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

#define TIPPLE_CONCAT_(a, b) a##b
#define TIPPLE_CONCAT(a, b) TIPPLE_CONCAT_(a, b)

// TIPPLE_TRY(auto x, fallible());  declares x, or returns the error from this function.
#define TIPPLE_TRY(declaration, expression) \
  TIPPLE_TRY_IMPL_(TIPPLE_CONCAT(tipple_result_, __LINE__), declaration, expression)
#define TIPPLE_TRY_IMPL_(result, declaration, expression) \
  auto&& result = (expression);                           \
  if (!result.ok()) [[unlikely]]                          \
    return std::move(result).error();                     \
  declaration = std::move(result).value()

// TIPPLE_RETURN_IF_ERROR(fallible());  for Status, or a Result whose value is not wanted.
#define TIPPLE_RETURN_IF_ERROR(expression)      \
  do {                                          \
    auto tipple_status_ = (expression);         \
    if (!tipple_status_.ok()) [[unlikely]]      \
      return std::move(tipple_status_).error(); \
  } while (false)

}  // namespace tipple
