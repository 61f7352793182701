#include "formats/csv_format.h"

#include <optional>
#include <utility>

#include "formats/csv_convert.h"
#include "formats/csv_index.h"
#include "formats/rescue.h"
#include "jobs/rescued_column.h"

namespace tipple {
namespace {

struct CsvRecordIndex final : RecordIndex {
  [[nodiscard]] std::uint64_t record_count() const override { return index.record_count(); }
  [[nodiscard]] std::uint64_t bytes_used() const override { return index.bytes_used(); }
  CsvIndex index;
};

class CsvRecordScanner final : public RecordScanner {
 public:
  explicit CsvRecordScanner(const CsvDialect& dialect) : scanner_(dialect) {}
  std::optional<std::size_t> scan(std::span<const char> bytes, std::size_t from, bool stop_at_end) override {
    return scanner_.scan(bytes, from, stop_at_end);
  }
  std::uint64_t lines() const override { return scanner_.lines(); }
  bool at_record_start() const override { return scanner_.at_record_start(); }

 private:
  CsvBoundaryScanner scanner_;
};

class CsvBinding final : public RecordBinding {
 public:
  // `judge`: what a record must be to pass for one where its beginning is guessed; absent: the first table's converter.
  CsvBinding(const CsvDialect& dialect, std::uint32_t fields, std::vector<CsvConverter> converters,
             std::optional<CsvConverter> judge)
      : dialect_(dialect),
        fields_(fields),
        indexer_(dialect, fields),
        converters_(std::move(converters)),
        judge_(std::move(judge)) {}

  std::unique_ptr<RecordIndex> make_index() const override { return std::make_unique<CsvRecordIndex>(); }

  Split split(std::span<const char> block, bool final, RecordIndex& index) const override {
    const CsvIndexer::Split split = indexer_.index(block, final, static_cast<CsvRecordIndex&>(index).index);
    return {split.whole, split.lines, split.open_quote};
  }

  Result<ConvertedBatch> convert(std::size_t table, std::span<const char> block, const RecordIndex& index,
                                 const BlockPlace& place, bool open_quote, arrow::MemoryPool* pool) const override {
    return converters_[table].convert(block, static_cast<const CsvRecordIndex&>(index).index, place, open_quote, pool);
  }

  std::optional<std::size_t> guess_record_start(std::span<const char> bytes, char before, bool final) const override {
    return guess_csv_record_start(bytes, before, final, dialect_, judge_ ? *judge_ : converters_.front(), fields_);
  }

 private:
  const CsvDialect& dialect_;
  std::uint32_t fields_;
  CsvIndexer indexer_;
  std::vector<CsvConverter> converters_;  // one for each table
  std::optional<CsvConverter> judge_;
};

class CsvFormat final : public RecordFormat {
 public:
  explicit CsvFormat(const SourceSpec& source) : source_(source) {}

  Result<FileHead> read_head(std::span<const char> bytes, bool complete, const std::string& path) const override {
    return read_csv_head(bytes, complete, source_.csv, source_.fields, path);
  }
  bool has_records(const FileHead& head) const override { return !head.fields.empty(); }

  Result<std::unique_ptr<RecordBinding>> bind(const FileHead& head, const std::vector<BoundTable>& tables,
                                              const std::string& path) const override {
    std::vector<CsvConverter> converters;
    for (const BoundTable& table : tables) {
      TIPPLE_TRY(CsvConverter converter, make_converter(head, table, path));
      converters.push_back(std::move(converter));
    }
    std::optional<CsvConverter> judge;
    if (!tables.empty() && rescued_position(tables.front().columns)) {
      // A table that rescues takes nearly anything for a record.
      BoundTable strict = tables.front();
      std::erase_if(strict.columns, is_rescued_column);
      TIPPLE_TRY(CsvConverter converter, make_converter(head, strict, path));
      judge.emplace(std::move(converter));
    }
    return std::unique_ptr<RecordBinding>(std::make_unique<CsvBinding>(
        source_.csv, static_cast<std::uint32_t>(head.fields.size()), std::move(converters), std::move(judge)));
  }

  std::unique_ptr<RecordScanner> scanner() const override { return std::make_unique<CsvRecordScanner>(source_.csv); }

 private:
  Result<CsvConverter> make_converter(const FileHead& head, const BoundTable& table, const std::string& path) const {
    TIPPLE_TRY(auto positions, bind_csv_columns(head, table.columns, path, table.absent_is_null));
    return CsvConverter::make(source_.csv, table.columns, std::move(positions), table.keep_raw, table.origins,
                              head.fields);
  }

  const SourceSpec& source_;
};

}  // namespace

Result<std::unique_ptr<RecordFormat>> make_csv_format(const SourceSpec& source) {
  return std::unique_ptr<RecordFormat>(std::make_unique<CsvFormat>(source));
}

}  // namespace tipple
