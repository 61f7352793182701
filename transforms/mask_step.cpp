// mask: what identifies a person, made unrecognisable. encrypt: made unreadable without the key.
#include <arrow/array.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "formats/arrow_types.h"
#include "formats/csv_time.h"
#include "jobs/table_schema.h"
#include "transforms/column_cipher.h"
#include "transforms/mask_dates.h"
#include "transforms/mask_hmac.h"
#include "transforms/mask_key.h"
#include "transforms/step_arrays.h"
#include "transforms/step_makers.h"

namespace tipple {
namespace {

// Columns by position, each replaced by what `replace` makes of it.
class ReplaceStep : public TableStep {
 public:
  ReplaceStep(std::vector<int> positions, const Schema& output)
      : positions_(std::move(positions)), schema_(arrow_schema(output)) {}

  Status run(StepBatch& batch, const std::vector<std::uint64_t>&, arrow::MemoryPool* pool) const override {
    std::vector<RowFault> faults;
    auto columns = batch.rows().columns();
    for (std::size_t i = 0; i < positions_.size(); ++i) {
      TIPPLE_TRY(columns[static_cast<std::size_t>(positions_[i])], replace(i, batch.rows(), faults, pool));
    }
    batch.set_columns(schema_, std::move(columns));
    return batch.reject(std::move(faults), pool);
  }

 protected:
  // `part`: in the constructor's positions.
  virtual Result<std::shared_ptr<arrow::Array>> replace(std::size_t part, const arrow::RecordBatch& rows,
                                                        std::vector<RowFault>& faults,
                                                        arrow::MemoryPool* pool) const = 0;
  std::vector<int> positions_;

 private:
  std::shared_ptr<arrow::Schema> schema_;
};

class HmacStep : public ReplaceStep {
 public:
  HmacStep(std::vector<int> positions, const Schema& output, MaskHmac hmac, std::vector<ColumnAs> texts)
      : ReplaceStep(std::move(positions), output), hmac_(std::move(hmac)), texts_(std::move(texts)) {}

 private:
  Result<std::shared_ptr<arrow::Array>> replace(std::size_t part, const arrow::RecordBatch& rows,
                                                std::vector<RowFault>& faults, arrow::MemoryPool* pool) const override {
    constexpr std::size_t kHexBytes = 64;
    TIPPLE_TRY(const auto values, texts_[part].run(rows, faults, pool));
    const TextView texts(*values);
    TIPPLE_TRY(auto stream, hmac_.stream());
    TIPPLE_TRY(auto builder,
               TextBuilder::make(texts.size(), texts.size() * static_cast<std::int64_t>(kHexBytes), pool));
    for (std::int64_t row = 0; row < texts.size(); ++row) {
      if (texts.is_null(row)) {
        builder.append_null();
        continue;
      }
      TIPPLE_TRY(const HmacDigest digest, stream.digest("", texts[row]));
      char hex[kHexBytes];
      for (std::size_t i = 0; i < digest.size(); ++i) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
      }
      builder.append({hex, kHexBytes});
    }
    return builder.finish();
  }

  MaskHmac hmac_;
  std::vector<ColumnAs> texts_;
};

class RedactStep : public ReplaceStep {
 public:
  RedactStep(std::vector<int> positions, const Schema& output, std::string with)
      : ReplaceStep(std::move(positions), output), with_(std::move(with)) {}

 private:
  Result<std::shared_ptr<arrow::Array>> replace(std::size_t part, const arrow::RecordBatch& rows,
                                                std::vector<RowFault>&, arrow::MemoryPool* pool) const override {
    const auto values = rows.column(positions_[part]);
    TIPPLE_TRY(auto builder,
               TextBuilder::make(values->length(), values->length() * static_cast<std::int64_t>(with_.size()), pool));
    for (std::int64_t row = 0; row < values->length(); ++row) {
      if (values->IsNull(row)) {
        builder.append_null();
      } else {
        builder.append(with_);
      }
    }
    return builder.finish();
  }

  std::string with_;
};

// The first `characters` of a text.
std::string_view first_characters(std::string_view text, std::uint32_t characters) {
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
    if (begins && characters-- == 0) break;
  }
  return text.substr(0, end);
}

class TruncateStep : public ReplaceStep {
 public:
  TruncateStep(std::vector<int> positions, const Schema& output, std::uint32_t keep)
      : ReplaceStep(std::move(positions), output), keep_(keep) {}

 private:
  Result<std::shared_ptr<arrow::Array>> replace(std::size_t part, const arrow::RecordBatch& rows,
                                                std::vector<RowFault>&, arrow::MemoryPool* pool) const override {
    const auto values = rows.column(positions_[part]);
    if (values->type_id() != arrow::Type::STRING) return truncate_dates(*values, keep_ == kKeepMonth, pool);
    const TextView texts(*values);
    TIPPLE_TRY(auto builder, TextBuilder::make(texts.size(), texts.bytes(), pool));
    for (std::int64_t row = 0; row < texts.size(); ++row) {
      if (texts.is_null(row)) {
        builder.append_null();
      } else {
        builder.append(first_characters(texts[row], keep_));
      }
    }
    return builder.finish();
  }

  std::uint32_t keep_;
};

class DateShiftStep : public ReplaceStep {
 public:
  DateShiftStep(std::vector<int> positions, const Schema& output, MaskHmac hmac, ColumnAs by, const MaskStep& step)
      : ReplaceStep(std::move(positions), output),
        hmac_(std::move(hmac)),
        by_(std::move(by)),
        days_(step.days),
        names_(step.columns) {}

 private:
  Result<std::shared_ptr<arrow::Array>> replace(std::size_t part, const arrow::RecordBatch& rows,
                                                std::vector<RowFault>& faults, arrow::MemoryPool* pool) const override {
    TIPPLE_TRY(const std::vector<std::int32_t> shifts, shifts_of(rows, faults, pool));
    return shift_dates(*rows.column(positions_[part]), shifts, names_[part], faults, pool);
  }

  // Days by row. Neighbours often are of the same person.
  Result<std::vector<std::int32_t>> shifts_of(const arrow::RecordBatch& rows, std::vector<RowFault>& faults,
                                              arrow::MemoryPool* pool) const {
    TIPPLE_TRY(const auto values, by_.run(rows, faults, pool));
    const TextView texts(*values);
    TIPPLE_TRY(auto stream, hmac_.stream());
    std::vector<std::int32_t> shifts(static_cast<std::size_t>(texts.size()));
    std::string_view last;
    bool any = false;
    std::int32_t shift = 0;
    for (std::int64_t row = 0; row < texts.size(); ++row) {
      const std::string_view text = texts.is_null(row) ? std::string_view() : texts[row];
      if (!any || text != last) {
        TIPPLE_TRY(const HmacDigest digest, stream.digest("date_shift:", text));
        std::uint64_t number = 0;
        for (std::size_t i = 0; i < sizeof(number); ++i) number = number << 8 | digest[i];
        shift = static_cast<std::int32_t>(number % (2 * std::uint64_t{days_} + 1)) - static_cast<std::int32_t>(days_);
        last = text;
        any = true;
      }
      shifts[static_cast<std::size_t>(row)] = shift;
    }
    return shifts;
  }

  MaskHmac hmac_;
  ColumnAs by_;
  std::uint32_t days_;
  std::vector<std::string> names_;
};

class EncryptColumnsStep : public ReplaceStep {
 public:
  EncryptColumnsStep(std::vector<int> positions, const Schema& output, std::vector<ColumnCipher> ciphers,
                     std::vector<ColumnAs> texts)
      : ReplaceStep(std::move(positions), output), ciphers_(std::move(ciphers)), texts_(std::move(texts)) {}

 private:
  Result<std::shared_ptr<arrow::Array>> replace(std::size_t part, const arrow::RecordBatch& rows,
                                                std::vector<RowFault>& faults, arrow::MemoryPool* pool) const override {
    TIPPLE_TRY(const auto values, texts_[part].run(rows, faults, pool));
    const TextView texts(*values);
    const auto bytes_expected =
        static_cast<std::int64_t>(ColumnCipher::text_bytes(static_cast<std::size_t>(texts.bytes())) + 64) +
        texts.size() * 60;
    TIPPLE_TRY(auto builder, TextBuilder::make(texts.size(), bytes_expected, pool));
    std::string scratch;
    for (std::int64_t row = 0; row < texts.size(); ++row) {
      if (texts.is_null(row)) {
        builder.append_null();
        continue;
      }
      const std::size_t bytes = ColumnCipher::text_bytes(texts[row].size());
      char* out = builder.room(bytes + 1);
      if (out != nullptr) ciphers_[part].encrypt(texts[row], scratch, out);
      builder.commit(out != nullptr ? bytes : 0);
    }
    return builder.finish();
  }

  std::vector<ColumnCipher> ciphers_;
  std::vector<ColumnAs> texts_;
};

std::vector<int> positions_of(const std::vector<std::string>& names, const Schema& schema) {
  std::vector<int> positions;
  for (const std::string& name : names) positions.push_back(find_column(schema, name));
  return positions;
}

Result<std::vector<ColumnAs>> texts_of(const std::vector<int>& positions, const StepPlace& at) {
  std::vector<ColumnAs> texts;
  for (const int position : positions) {
    TIPPLE_TRY(auto text, ColumnAs::text(at.input, position, at.place));
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<MaskHmac> read_hmac(const MaskStep& step, const StepPlace& at) {
  TIPPLE_CHECK(step.key.has_value(), "a mask that needs a key names one");
  TIPPLE_TRY(const SecretKey key, SecretKey::read(*step.key, at.job, at.place));
  return MaskHmac::make(key.bytes());
}

}  // namespace

MadeStep make_step(const MaskStep& step, const StepPlace& at) {
  std::vector<int> positions = positions_of(step.columns, at.input);
  std::unique_ptr<TableStep> made;
  switch (step.how) {
    case MaskStep::How::kHmac: {
      TIPPLE_TRY(MaskHmac hmac, read_hmac(step, at));
      TIPPLE_TRY(auto texts, texts_of(positions, at));
      made = std::make_unique<HmacStep>(std::move(positions), at.output, std::move(hmac), std::move(texts));
      break;
    }
    case MaskStep::How::kRedact:
      made = std::make_unique<RedactStep>(std::move(positions), at.output, step.with);
      break;
    case MaskStep::How::kTruncate:
      made = std::make_unique<TruncateStep>(std::move(positions), at.output, step.keep);
      break;
    case MaskStep::How::kDateShift: {
      TIPPLE_TRY(MaskHmac hmac, read_hmac(step, at));
      TIPPLE_TRY(auto by, ColumnAs::text(at.input, find_column(at.input, step.by), at.place));
      made = std::make_unique<DateShiftStep>(std::move(positions), at.output, std::move(hmac), std::move(by), step);
      break;
    }
  }
  return made;
}

MadeStep make_step(const EncryptStep& step, const StepPlace& at) {
  TIPPLE_TRY(const SecretKey key, SecretKey::read(step.key, at.job, at.place));
  std::vector<int> positions = positions_of(step.columns, at.input);
  std::vector<ColumnCipher> ciphers;
  for (const std::string& name : step.columns) {
    TIPPLE_TRY(auto cipher, ColumnCipher::make(key.bytes(), name));
    ciphers.push_back(std::move(cipher));
  }
  TIPPLE_TRY(auto texts, texts_of(positions, at));
  return std::unique_ptr<TableStep>(
      std::make_unique<EncryptColumnsStep>(std::move(positions), at.output, std::move(ciphers), std::move(texts)));
}

}  // namespace tipple
