// Random dialects and bytes: every kernel against the reference.
#include <gtest/gtest.h>

#include <random>

#include "formats/csv_index.h"
#include "tests/formats/csv_index_reference.h"

namespace tipple {
namespace {

constexpr int kStrings = 200'000;  // for each kernel

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }

  CsvDialect dialect() {
    CsvDialect dialect;
    dialect.delimiter = ",;\t|a"[below(5)];
    if (chance(8))
      dialect.quote.reset();
    else if (chance(4))
      dialect.quote = '\'';
    if (chance(3)) dialect.escape = '\\';
    if (chance(3)) dialect.comment = '#';
    if (chance(6)) dialect.newline = CsvDialect::Newline::kCr;
    return dialect;
  }

  // Any bytes, with the special ones as frequent as this string's luck has it.
  std::string noise(const CsvDialect& dialect) {
    const std::string special =
        std::string("\n\r") + dialect.delimiter + dialect.quote.value_or('"') + std::string("\\#\0", 3);
    const std::size_t plain = below(30);
    std::string text(below(300), 'x');
    for (char& byte : text) {
      const std::size_t pick = below(special.size() + plain);
      if (pick < special.size()) byte = special[pick];
    }
    return text;
  }

  // Records as a writer makes them, so that the usual path is taken too; then now and then a byte is hurt.
  std::string records(const CsvDialect& dialect, std::uint32_t fields) {
    std::string text;
    const std::size_t quoted_one_in = 1 + below(6);
    const std::string_view line_end = dialect.newline == CsvDialect::Newline::kCr ? "\r" : chance(2) ? "\n" : "\r\n";
    for (std::size_t record = below(12); record-- > 0;) {
      for (std::uint32_t field = 0; field < fields; ++field) {
        if (field > 0) text += dialect.delimiter;
        if (dialect.quote && chance(quoted_one_in)) {
          add_quoted(text, dialect);
        } else {
          text.append(below(12), 'y');
        }
      }
      text += line_end;
    }
    if (!text.empty() && chance(3)) text[below(text.size())] = "\n\r,\"\\#x"[below(7)];
    if (!text.empty() && chance(4)) text.resize(below(text.size()));
    return text;
  }

 private:
  void add_quoted(std::string& text, const CsvDialect& dialect) {
    text += *dialect.quote;
    for (std::size_t i = below(20); i-- > 0;) {
      if (!chance(6)) {
        text += 'z';
      } else if (chance(2)) {
        text += dialect.escape.value_or(*dialect.quote);
        text += *dialect.quote;
      } else {
        text += chance(2) ? '\n' : dialect.delimiter;
      }
    }
    text += *dialect.quote;
  }

  std::mt19937_64 random_;
};

TEST(CsvIndexRandom, KernelsAgreeWithTheReference) {
  const std::uint64_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  for (const std::string_view kernel : csv_kernels()) {
    force_csv_kernel(kernel);
    Generator generate(seed);
    for (int i = 0; i < kStrings; ++i) {
      const CsvDialect dialect = generate.dialect();
      const auto fields = static_cast<std::uint32_t>(1 + generate.below(4));
      const std::string text = generate.chance(2) ? generate.noise(dialect) : generate.records(dialect, fields);
      const std::string wrong =
          i % 4 == 3 ? csv_reference::scan_difference(text, dialect, generate.chance(2), 1 + generate.below(200),
                                                      generate.below(text.size() + 1))
                     : csv_reference::index_difference(text, dialect, fields, generate.chance(2));
      ASSERT_EQ(wrong, "") << "kernel " << kernel << ", seed " << seed << ", string " << i;
    }
  }
  force_csv_kernel({});
}

}  // namespace
}  // namespace tipple
