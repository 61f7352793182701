#include "coordinator/in_process_transport.h"

#include "base/check.h"

namespace tipple {

class MemoryTransport final : public Transport {
 public:
  MemoryTransport(MemoryHub& hub, WorkerId self) : hub_(hub), self_(self) {}

  WorkerId self() const override { return self_; }
  std::uint32_t size() const override { return static_cast<std::uint32_t>(hub_.mailboxes_.size()); }

  void send(WorkerId to, Message message) override {
    TIPPLE_CHECK(to.value() < size(), "no such rank");
    auto& mailbox = *hub_.mailboxes_[to.value()];
    {
      const std::lock_guard lock(mailbox.messages_mutex);
      mailbox.messages.push_back({self_, std::move(message)});
    }
    mailbox.arrived.notify_one();
  }

  std::optional<Received> receive() override {
    auto& mailbox = own();
    const std::lock_guard lock(mailbox.messages_mutex);
    if (mailbox.messages.empty()) return std::nullopt;
    std::optional<Received> first(std::move(mailbox.messages.front()));
    mailbox.messages.pop_front();
    return first;
  }

  void wait(Duration at_most) override {
    auto& mailbox = own();
    std::unique_lock lock(mailbox.messages_mutex);
    mailbox.arrived.wait_for(lock, at_most, [&] { return !mailbox.messages.empty(); });
  }

  void flush(Duration) override {}  // a message is in its mailbox as soon as it is sent

 private:
  MemoryHub::Mailbox& own() { return *hub_.mailboxes_[self_.value()]; }

  MemoryHub& hub_;
  WorkerId self_;
};

MemoryHub::MemoryHub(std::uint32_t ranks) {
  for (std::uint32_t i = 0; i < ranks; ++i) mailboxes_.push_back(std::make_unique<Mailbox>());
}

MemoryHub::~MemoryHub() = default;

std::unique_ptr<Transport> MemoryHub::transport(WorkerId rank) {
  TIPPLE_CHECK(rank.value() < mailboxes_.size(), "no such rank");
  return std::make_unique<MemoryTransport>(*this, rank);
}

}  // namespace tipple
