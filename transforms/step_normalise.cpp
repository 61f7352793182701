// normalise: case, white space and Unicode form of texts, units of numbers.
#include <utf8proc.h>
#include <cmath>

#include <arrow/array.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "formats/arrow_types.h"
#include "jobs/table_schema.h"
#include "jobs/table_schema_columns.h"
#include "transforms/step_arrays.h"
#include "transforms/step_makers.h"

namespace tipple {
namespace {

using Case = NormaliseStep::Case;

bool is_space(std::int32_t c) {
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_ascii(const char* text, std::size_t bytes) {
  std::uint64_t seen = 0;
  std::size_t i = 0;
  for (; i + 8 <= bytes; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text + i, 8);
    seen |= word;
  }
  for (; i < bytes; ++i) seen |= static_cast<unsigned char>(text[i]);
  return (seen & 0x8080808080808080) == 0;
}

void ascii_case(const char* from, std::size_t bytes, Case to, char* out) {
  const char first = to == Case::kLower ? 'A' : 'a';
  for (std::size_t i = 0; i < bytes; ++i) {
    const char c = from[i];
    const bool letter = static_cast<unsigned char>(c - first) < 26;
    out[i] = static_cast<char>(c ^ (letter ? 0x20 : 0));
  }
}

utf8proc_int32_t lower_case(utf8proc_int32_t c, void*) { return utf8proc_tolower(c); }
utf8proc_int32_t upper_case(utf8proc_int32_t c, void*) { return utf8proc_toupper(c); }

// One text column.
class TextNormaliser {
 public:
  TextNormaliser(const NormaliseStep& step, const Column& column)
      : step_(step), name_(column.name), width_(column.type.kind == TypeKind::kFixedString ? column.type.width : 0) {}

  Result<std::shared_ptr<arrow::Array>> run(const arrow::Array& values, std::vector<RowFault>& faults,
                                            arrow::MemoryPool* pool) const {
    const TextView texts(values);
    const bool case_only = step_.letter_case != Case::kKeep && !step_.trim && !step_.whitespace;
    if (is_ascii(texts.data + texts.offsets[0], static_cast<std::size_t>(texts.bytes()))) {
      return case_only ? change_case(values, pool) : trim_ascii(values, pool);
    }
    TIPPLE_TRY(TextBuilder builder, TextBuilder::make(values.length(), texts.bytes() + 64, pool));
    std::vector<utf8proc_int32_t> scratch;
    const bool nulls = values.null_count() > 0;
    for (std::int64_t row = 0; row < values.length(); ++row) {
      if (nulls && texts.is_null(row)) {
        builder.append_null();
        continue;
      }
      const std::size_t bytes = append(texts[row], builder, scratch);
      if (width_ != 0 && bytes > width_) {
        faults.push_back(
            {static_cast<std::uint32_t>(row), name_, "length",
             fmt::format("the text has {} bytes after it was normalised, more than string({})", bytes, width_)});
      }
    }
    return builder.finish();
  }

 private:
  // All bytes at once; rows stay where they are.
  Result<std::shared_ptr<arrow::Array>> change_case(const arrow::Array& values, arrow::MemoryPool* pool) const {
    const TextView texts(values);
    const std::int64_t rows = values.length();
    TIPPLE_TRY(std::shared_ptr<arrow::Buffer> data, new_buffer(texts.bytes(), pool));
    ascii_case(texts.data + texts.offsets[0], static_cast<std::size_t>(texts.bytes()), step_.letter_case,
               reinterpret_cast<char*>(data->mutable_data()));
    TIPPLE_TRY(std::shared_ptr<arrow::Buffer> offsets, new_buffer((rows + 1) * 4, pool));
    auto* to = reinterpret_cast<std::int32_t*>(offsets->mutable_data());
    for (std::int64_t row = 0; row <= rows; ++row) to[row] = texts.offsets[row] - texts.offsets[0];
    TIPPLE_TRY(auto validity, copy_validity(values, pool));
    return arrow::MakeArray(arrow::ArrayData::Make(
        values.type(), rows, {std::move(validity), std::move(offsets), std::move(data)}, values.null_count()));
  }

  // Bytes only become fewer, so no text can outgrow its column.
  Result<std::shared_ptr<arrow::Array>> trim_ascii(const arrow::Array& values, arrow::MemoryPool* pool) const {
    std::shared_ptr<arrow::Array> changed;
    if (step_.letter_case != Case::kKeep) {
      TIPPLE_TRY(changed, change_case(values, pool));
    }
    const TextView texts(changed == nullptr ? values : *changed);
    const std::int64_t rows = texts.size();
    constexpr std::int64_t kTrimmedCopyBytes = 16;  // short texts are copied a whole word at a time
    TIPPLE_TRY(const std::shared_ptr<arrow::Buffer> data, new_buffer(texts.bytes() + kTrimmedCopyBytes, pool));
    TIPPLE_TRY(std::shared_ptr<arrow::Buffer> offsets, new_buffer((rows + 1) * 4, pool));
    char* to = reinterpret_cast<char*>(data->mutable_data());
    auto* ends = reinterpret_cast<std::int32_t*>(offsets->mutable_data());
    const std::int64_t last =
        texts.offsets[rows] - kTrimmedCopyBytes;  // from there on a whole word may pass the buffer's end
    std::size_t used = 0;
    ends[0] = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      std::size_t begin = static_cast<std::size_t>(texts.offsets[row]);
      std::size_t end = static_cast<std::size_t>(texts.offsets[row + 1]);
      while (step_.trim && begin < end && is_space(texts.data[begin])) ++begin;
      while (step_.trim && begin < end && is_space(texts.data[end - 1])) --end;
      const std::size_t bytes = end - begin;
      if (bytes <= static_cast<std::size_t>(kTrimmedCopyBytes) && static_cast<std::int64_t>(begin) <= last) {
        std::memcpy(to + used, texts.data + begin, kTrimmedCopyBytes);
      } else {
        std::memcpy(to + used, texts.data + begin, bytes);
      }
      used += step_.whitespace ? collapse(to + used, bytes) : bytes;
      ends[row + 1] = static_cast<std::int32_t>(used);
    }
    TIPPLE_TRY(auto validity, copy_validity(values, pool));
    return arrow::MakeArray(arrow::ArrayData::Make(
        values.type(), rows,
        {std::move(validity), std::move(offsets), arrow::SliceBuffer(data, 0, static_cast<std::int64_t>(used))},
        values.null_count()));
  }

  std::size_t append(std::string_view text, TextBuilder& builder, std::vector<utf8proc_int32_t>& scratch) const {
    return is_ascii(text.data(), text.size()) ? append_ascii(text, builder) : append_unicode(text, builder, scratch);
  }

  std::size_t append_ascii(std::string_view text, TextBuilder& builder) const {
    if (step_.trim) {
      while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
      while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    }
    char* out = builder.room(text.size());
    if (out == nullptr) {
      builder.commit(0);
      return 0;
    }
    std::size_t bytes = text.size();
    if (step_.letter_case == Case::kKeep) {
      std::memcpy(out, text.data(), bytes);
    } else {
      ascii_case(text.data(), bytes, step_.letter_case, out);
    }
    if (step_.whitespace) bytes = collapse(out, bytes);
    builder.commit(bytes);
    return bytes;
  }

  template <typename Unit, typename Size>
  static Size collapse(Unit* text, Size count) {
    Size kept = 0;
    bool space = false;
    for (Size i = 0; i < count; ++i) {
      const bool now = is_space(text[i]);
      if (!now || !space) text[kept++] = now ? Unit{' '} : text[i];
      space = now;
    }
    return kept;
  }

  std::size_t append_unicode(std::string_view text, TextBuilder& builder,
                             std::vector<utf8proc_int32_t>& scratch) const {
    const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | (step_.nfc ? UTF8PROC_COMPOSE : 0));
    const utf8proc_custom_func map = step_.letter_case == Case::kLower   ? lower_case
                                     : step_.letter_case == Case::kUpper ? upper_case
                                                                         : nullptr;
    const auto decompose = [&] {
      return utf8proc_decompose_custom(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), scratch.data(),
                                       static_cast<utf8proc_ssize_t>(scratch.size()), options, map, nullptr);
    };
    utf8proc_ssize_t count = decompose();
    if (count > static_cast<utf8proc_ssize_t>(scratch.size())) {
      scratch.resize(static_cast<std::size_t>(count));
      count = decompose();
    }
    TIPPLE_CHECK(count >= 0, "texts in batches are UTF-8");
    if (step_.nfc) count = utf8proc_normalize_utf32(scratch.data(), count, options);
    std::int32_t* first = scratch.data();
    if (step_.trim) {
      while (count > 0 && is_space(*first)) ++first, --count;
      while (count > 0 && is_space(first[count - 1])) --count;
    }
    if (step_.whitespace) count = collapse(first, count);
    constexpr std::size_t kCharacterBytesMax = 4;
    char* out = builder.room(static_cast<std::size_t>(count) * kCharacterBytesMax);
    std::size_t bytes = 0;
    for (utf8proc_ssize_t i = 0; out != nullptr && i < count; ++i) {
      bytes +=
          static_cast<std::size_t>(utf8proc_encode_char(first[i], reinterpret_cast<utf8proc_uint8_t*>(out + bytes)));
    }
    builder.commit(bytes);
    return bytes;
  }

  NormaliseStep step_;
  std::string name_;
  std::uint32_t width_;
};

// One column of float32 or float64.
template <typename T>
Result<std::shared_ptr<arrow::Array>> rescale(const arrow::Array& values, const NormaliseStep& step,
                                              const std::string& name, std::vector<RowFault>& faults,
                                              arrow::MemoryPool* pool) {
  const std::int64_t rows = values.length();
  TIPPLE_TRY(std::shared_ptr<arrow::Buffer> data, new_buffer(rows * static_cast<std::int64_t>(sizeof(T)), pool));
  const T* from = values.data()->template GetValues<T>(1);
  T* to = reinterpret_cast<T*>(data->mutable_data());
  bool overflow = false;
  for (std::int64_t row = 0; row < rows; ++row) {
    to[row] = static_cast<T>(static_cast<double>(from[row]) * step.scale + step.offset);
    overflow |= !(std::abs(to[row]) <= std::numeric_limits<T>::max());
  }
  for (std::int64_t row = 0; overflow && row < rows; ++row) {
    if (std::isfinite(to[row]) || !std::isfinite(from[row]) || values.IsNull(row)) continue;
    faults.push_back({static_cast<std::uint32_t>(row), name, "overflow",
                      fmt::format("{} * {} + {} is out of range", from[row], step.scale, step.offset)});
  }
  TIPPLE_TRY(auto validity, copy_validity(values, pool));
  const auto type = sizeof(T) == 4 ? arrow::float32() : arrow::float64();
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, rows, {std::move(validity), std::move(data)}, values.null_count()));
}

class NormaliseColumnsStep : public TableStep {
 public:
  struct Part {
    int position;
    std::string name;
    std::vector<TextNormaliser> text;  // one: a text
    std::vector<ColumnAs> number;      // one: a number that is not float32
  };
  NormaliseColumnsStep(const NormaliseStep& step, std::vector<Part> parts, std::shared_ptr<arrow::Schema> schema)
      : step_(step), parts_(std::move(parts)), schema_(std::move(schema)) {}

  Status run(StepBatch& batch, const std::vector<std::uint64_t>&, arrow::MemoryPool* pool) const override {
    std::vector<RowFault> faults;
    auto columns = batch.rows().columns();
    for (const Part& part : parts_) {
      auto& column = columns[static_cast<std::size_t>(part.position)];
      if (!part.text.empty()) {
        TIPPLE_TRY(column, part.text.front().run(*column, faults, pool));
      } else if (!part.number.empty()) {
        TIPPLE_TRY(const auto values, part.number.front().run(batch.rows(), faults, pool));
        TIPPLE_TRY(column, rescale<double>(*values, step_, part.name, faults, pool));
      } else {
        TIPPLE_TRY(column, rescale<float>(*column, step_, part.name, faults, pool));
      }
    }
    batch.set_columns(schema_, std::move(columns));
    return batch.reject(std::move(faults), pool);
  }

 private:
  NormaliseStep step_;
  std::vector<Part> parts_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

MadeStep make_step(const NormaliseStep& step, const StepPlace& at) {
  std::vector<NormaliseColumnsStep::Part> parts;
  for (const std::string& name : step.columns) {
    const int position = find_column(at.input, name);
    const Column& column = at.input[static_cast<std::size_t>(position)];
    NormaliseColumnsStep::Part part{position, name, {}, {}};
    if (is_text_type(column.type)) {
      part.text.emplace_back(step, column);
    } else if (column.type.kind != TypeKind::kFloat32) {
      TIPPLE_TRY(auto as, ColumnAs::float64(at.input, position, at.place));
      part.number.push_back(std::move(as));
    }
    parts.push_back(std::move(part));
  }
  return std::unique_ptr<TableStep>(
      std::make_unique<NormaliseColumnsStep>(step, std::move(parts), arrow_schema(at.output)));
}

}  // namespace tipple
