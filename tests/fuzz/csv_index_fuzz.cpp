// Any bytes, any dialect: every kernel of the CSV index and boundary scanner against the plain reference reader.
#include <cstdio>
#include <cstdlib>

#include "formats/csv_index.h"
#include "tests/formats/csv_index_reference.h"

namespace {

// The first bytes choose the dialect, the rest is the text.
constexpr std::size_t kChoiceBytes = 3;

void expect_none(const std::string& difference, std::string_view kernel) {
  if (difference.empty()) return;
  std::fprintf(stderr, "kernel %.*s:%s\n", static_cast<int>(kernel.size()), kernel.data(), difference.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kChoiceBytes) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + kChoiceBytes, size - kChoiceBytes);
  tipple::CsvDialect dialect;
  dialect.delimiter = ",;\t|"[data[0] & 3];
  if ((data[0] & 4) != 0) dialect.quote.reset();
  if ((data[0] & 8) != 0) dialect.escape = '\\';
  if ((data[0] & 16) != 0) dialect.comment = '#';
  if ((data[0] & 32) != 0) dialect.newline = tipple::CsvDialect::Newline::kCr;
  const bool final = (data[0] & 64) != 0;
  const bool inside = (data[0] & 128) != 0;
  const std::uint32_t fields = 1 + data[1] % 5U;
  const std::size_t piece = 1 + data[2];
  for (const std::string_view kernel : tipple::csv_kernels()) {
    tipple::force_csv_kernel(kernel);
    expect_none(tipple::csv_reference::index_difference(text, dialect, fields, final), kernel);
    expect_none(tipple::csv_reference::scan_difference(text, dialect, inside, piece, data[1]), kernel);
  }
  return 0;
}
