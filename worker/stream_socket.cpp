#include "worker/stream_socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace tipple {
namespace {

constexpr int kBacklog = 64;

struct Address {
  int family = AF_UNSPEC;
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<Address> unix_address(const std::string& path, const std::string& text) {
  Address address;
  auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.empty() || path.size() >= sizeof un->sun_path) {
    return usage_error("a Unix socket's path has 1 to 107 bytes", text, "use a shorter path");
  }
  un->sun_family = AF_UNIX;
  std::memcpy(un->sun_path, path.c_str(), path.size() + 1);
  address.family = AF_UNIX;
  address.size = sizeof(sockaddr_un);
  return address;
}

Result<Address> tcp_address(const std::string& rest, const std::string& text, bool listens) {
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == rest.size()) {
    return usage_error("a TCP address is tcp:HOST:PORT", text);
  }
  std::string host = rest.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (listens ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), rest.c_str() + colon + 1, &hints, &found); code != 0) {
    return environment_error(std::string("cannot resolve the address: ") + ::gai_strerror(code), text);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  Address address;
  address.family = found->ai_family;
  address.size = static_cast<socklen_t>(found->ai_addrlen);
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  return address;
}

Result<Address> parse_address(const std::string& text, bool listens) {
  if (text.starts_with("unix:")) return unix_address(text.substr(5), text);
  if (text.starts_with("tcp:")) return tcp_address(text.substr(4), text, listens);
  return usage_error("not a stream's address", text, "write unix:PATH or tcp:HOST:PORT");
}

// A socket that nobody listens on any more is left over from a process that was killed.
void remove_dead_socket(const Address& address) {
  if (address.family != AF_UNIX) return;
  const char* path = reinterpret_cast<const sockaddr_un*>(&address.storage)->sun_path;
  struct stat info {};
  if (::lstat(path, &info) != 0 || !S_ISSOCK(info.st_mode)) return;
  const File probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), path);
  if (::connect(probe.fd(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 &&
      errno == ECONNREFUSED) {
    ::unlink(path);
  }
}

Result<File> listen_on(const std::string& text) {
  TIPPLE_TRY(const Address address, parse_address(text, true));
  remove_dead_socket(address);
  File socket(::socket(address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), text);
  if (!socket.is_open()) return system_error(errno, "cannot make a socket", text);
  const int on = 1;
  if (address.family != AF_UNIX) ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const mode_t before = ::umask(0177);
  const int bound = ::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address.storage), address.size);
  const int error = errno;
  ::umask(before);
  if (bound != 0) return system_error(error, "cannot listen", text);
  if (::listen(socket.fd(), kBacklog) != 0) return system_error(errno, "cannot listen", text);
  return socket;
}

Result<File> connect_to(const std::string& text) {
  TIPPLE_TRY(const Address address, parse_address(text, false));
  File socket(::socket(address.family, SOCK_STREAM | SOCK_CLOEXEC, 0), text);
  if (!socket.is_open()) return system_error(errno, "cannot make a socket", text);
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) {
    return system_error(errno, "cannot connect", text);
  }
  ::fcntl(socket.fd(), F_SETFL, ::fcntl(socket.fd(), F_GETFL) | O_NONBLOCK);
  return socket;
}

}  // namespace

Result<File> open_stream(const StreamSpec& spec) {
  switch (spec.kind) {
    case StreamSpec::Kind::kNone:
      break;
    case StreamSpec::Kind::kStdin: {
      // Left as it is: whoever shares the terminal or pipe would see a change of mode; it is polled before it is read.
      const int copy = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
      if (copy < 0) return system_error(errno, "cannot read the standard input", "stdin");
      return File(copy, "stdin");
    }
    case StreamSpec::Kind::kPipe: {
      struct stat info {};
      if (::stat(spec.address.c_str(), &info) != 0) return system_error(errno, "cannot open the pipe", spec.address);
      if (!S_ISFIFO(info.st_mode))
        return usage_error("is not a named pipe", spec.address, "make one with mkfifo, or read a file through 'path'");
      return File::open(spec.address, O_RDONLY | O_NONBLOCK);
    }
    case StreamSpec::Kind::kListen:
      return listen_on(spec.address);
    case StreamSpec::Kind::kConnect:
      return connect_to(spec.address);
  }
  return environment_error("bug: a source without a stream was opened as one");
}

Result<File> accept_stream(const File& listening) {
  const int fd = ::accept4(listening.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) return File(fd, listening.path());
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED) return File();
  return system_error(errno, "cannot accept a client", listening.path().string());
}

}  // namespace tipple
