#include "transforms/expression_writer.h"

#include <algorithm>

#include <fmt/format.h>

#include "formats/arrow_types.h"

namespace tipple {

Result<ExprTextWriter> ExprTextColumn::begin(std::int64_t bytes_guess) {
  auto offsets = arrow::AllocateBuffer((context_.rows + 1) * 4, context_.pool);
  if (!offsets.ok()) return from_arrow(offsets.status());
  offsets_ = std::move(offsets).ValueUnsafe();
  this->offsets()[0] = 0;
  const std::int64_t bytes = std::clamp<std::int64_t>(bytes_guess, 64, kExprTextBytesMax);
  auto text = arrow::AllocateResizableBuffer(bytes + std::int64_t{kShortTextBytes}, context_.pool);
  if (!text.ok()) return from_arrow(text.status());
  text_ = std::move(text).ValueUnsafe();
  ExprTextWriter writer;
  writer.begin_ = writer.row_ = writer.at_ = reinterpret_cast<char*>(text_->mutable_data());
  writer.limit_ = writer.begin_ + bytes;
  writer.column_ = this;
  return writer;
}

ExprTextWriter ExprTextColumn::grown(ExprTextWriter writer, std::size_t bytes) {
  if (error_) return writer;
  const std::int64_t used = writer.at_ - writer.begin_;
  if (static_cast<std::int64_t>(bytes) > kExprTextBytesMax - used) {
    error_ = usage_error(fmt::format("an expression makes more than {} MiB of text out of one batch",
                                     kExprTextBytesMax / static_cast<std::int64_t>(limits::kMiB)),
                         {}, "make the texts shorter: left(), substr(), smaller repeat() or lpad()");
    return writer;
  }
  const std::int64_t twice = std::min<std::int64_t>(2 * (writer.limit_ - writer.begin_), kExprTextBytesMax);
  const std::int64_t room = std::max(used + static_cast<std::int64_t>(bytes), twice);
  const arrow::Status reserved = text_->Reserve(room + std::int64_t{kShortTextBytes});
  if (!reserved.ok()) {
    error_ = from_arrow(reserved);
    return writer;
  }
  ExprTextWriter moved = writer;
  moved.begin_ = reinterpret_cast<char*>(text_->mutable_data());
  moved.row_ = moved.begin_ + (writer.row_ - writer.begin_);
  moved.at_ = moved.begin_ + used;
  moved.limit_ = moved.begin_ + room;
  return moved;
}

Result<ExprVector> ExprTextColumn::finish(const DataType& type, const ExprTextWriter& writer) {
  if (error_) return *error_;
  const arrow::Status sized = text_->Resize(writer.at_ - writer.begin_, /*shrink_to_fit=*/false);
  if (!sized.ok()) return from_arrow(sized);
  ExprVector vector;
  vector.type = type;
  vector.rows = context_.rows;
  vector.values_buffer = std::move(offsets_);
  vector.values = vector.values_buffer->data();
  vector.text_buffer = std::move(text_);
  vector.text = reinterpret_cast<const char*>(vector.text_buffer->data());
  return vector;
}

}  // namespace tipple
