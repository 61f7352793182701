#include "jobs/expression_function_table.h"

namespace tipple {
namespace {

constexpr const char* kOperators = "operators";
constexpr const char* kConditions = "conditions";
constexpr const char* kMath = "math";
constexpr const char* kText = "text";
constexpr const char* kTime = "date and time";
constexpr const char* kJson = "json";

// clang-format off
constexpr FunctionRow kRows[] = {
    {"+", nullptr, kOperators, "number + number -> number | date + int64 -> date | timestamp + interval -> timestamp", "Sum; an overflow is a fault", "2 + 3 = 5"},
    {"-", nullptr, kOperators, "number - number -> number | date - int64 -> date | date - date -> int32 | timestamp - interval -> timestamp", "Difference, or the negative of what follows", "date '2024-03-01' - date '2024-02-01' = 29"},
    {"*", nullptr, kOperators, "number * number -> number", "Product", "1.5 * 1.5 = 2.25"},
    {"/", nullptr, kOperators, "number / number -> number", "Quotient; of integers the whole part, towards zero", "-7 / 2 = -3"},
    {"%", nullptr, kOperators, "number % number -> number", "Remainder, with the sign of the dividend; integers and decimals", "-7 % 2 = -1"},
    {"^", nullptr, kOperators, "float64 ^ float64 -> float64", "Power; from left to right", "2 ^ 3 ^ 2 = 64"},
    {"||", nullptr, kOperators, "any || any -> string", "Texts joined; NULL if one is NULL", "'tip' || 'ple' = 'tipple'"},
    {"=", nullptr, kOperators, "any = any -> bool", "Equal; also <> != < <= > >=", "1 <> 2"},
    {"AND", nullptr, kOperators, "bool AND bool -> bool", "Three-valued: FALSE AND NULL is FALSE", "(false AND null) = false"},
    {"OR", nullptr, kOperators, "bool OR bool -> bool", "Three-valued: TRUE OR NULL is TRUE", "true OR null"},
    {"NOT", nullptr, kOperators, "NOT bool -> bool", "The opposite; NOT NULL is NULL", "NOT false"},
    {"IS NULL", nullptr, kOperators, "any IS [NOT] NULL -> bool", "Whether there is a value", "null IS NULL"},
    {"IS TRUE", nullptr, kOperators, "bool IS [NOT] TRUE | FALSE | UNKNOWN -> bool", "Never NULL", "(null IS TRUE) = false"},
    {"IS DISTINCT FROM", nullptr, kOperators, "any IS [NOT] DISTINCT FROM any -> bool", "<> in which NULL is a value", "1 IS DISTINCT FROM null"},
    {"BETWEEN", nullptr, kOperators, "any [NOT] BETWEEN any AND any -> bool", "Bounds included", "2 BETWEEN 1 AND 3"},
    {"IN", nullptr, kOperators, "any [NOT] IN (any, ...) -> bool", "One of a list", "'b' IN ('a', 'b')"},
    {"LIKE", nullptr, kOperators, "string [NOT] LIKE string [ESCAPE string] -> bool", "% is any text, _ any one character; ILIKE ignores case", "'tipple' LIKE 't_p%'"},
    {"~", nullptr, kOperators, "string ~ string -> bool", "A regular expression (RE2) matches somewhere; ~* ignores case, !~ and !~* are the opposites", "'tipple' ~ 'p+'"},
    {"->>", nullptr, kOperators, "string ->> string|int64 -> string", "Member or element of a JSON text, as text; -> gives it as JSON", "'{\"a\": [1, 2]}' -> 'a' ->> 1 = '2'"},
    {"::", nullptr, kOperators, "any::type -> type", "CAST(any AS type)", "'12'::int32 = 12"},

    {"case", nullptr, kConditions, "CASE WHEN bool THEN any ... [ELSE any] END -> any | CASE any WHEN any THEN any ... [ELSE any] END -> any", "The first value whose condition is true; arms not taken are not computed", "CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END = 'b'"},
    {"cast", nullptr, kConditions, "CAST(value any AS type) -> type", "A value as another type; one that does not fit is a fault", "CAST('2024-02-29' AS date) = date '2024-02-29'"},
    {"coalesce", "coalesce", kConditions, "value any... -> any", "The first value that is not NULL", "coalesce(null, 2, 3) = 2", false},
    {"nullif", "nullif", kConditions, "a any, b any -> any", "NULL if both are equal, else the first", "nullif(1, 1) IS NULL", false},
    {"greatest", "greatest", kConditions, "value any... -> any", "The greatest that is not NULL", "greatest(1, null, 3) = 3", false},
    {"least", "least", kConditions, "value any... -> any", "The least that is not NULL", "least(2, null, 3) = 2", false},

    {"abs", "abs", kMath, "x number -> number", "Without the sign", "abs(-7) = 7"},
    {"acos", "acos", kMath, "x float64 -> float64", "Inverse cosine, radians", "acos(1) = 0"},
    {"asin", "asin", kMath, "x float64 -> float64", "Inverse sine, radians", "asin(0) = 0"},
    {"atan", "atan", kMath, "x float64 -> float64", "Inverse tangent, radians", "atan(0) = 0"},
    {"atan2", "atan2", kMath, "y float64, x float64 -> float64", "Inverse tangent of y/x, radians", "atan2(0, 1) = 0"},
    {"cbrt", "cbrt", kMath, "x float64 -> float64", "Cube root", "cbrt(27) = 3"},
    {"ceil", "ceil", kMath, "x float64 -> float64 | x decimal -> decimal", "The nearest whole number above", "ceil(-1.5) = -1"},
    {"ceiling", "ceil", kMath, "x float64 -> float64 | x decimal -> decimal", "The same as ceil", "ceiling(1.2) = 2"},
    {"cos", "cos", kMath, "x float64 -> float64", "Cosine of radians", "cos(0) = 1"},
    {"degrees", "degrees", kMath, "x float64 -> float64", "Radians to degrees", "degrees(pi()) = 180"},
    {"exp", "exp", kMath, "x float64 -> float64", "e to the power of x", "exp(0) = 1"},
    {"floor", "floor", kMath, "x float64 -> float64 | x decimal -> decimal", "The nearest whole number below", "floor(-1.5) = -2"},
    {"ln", "ln", kMath, "x float64 -> float64", "Natural logarithm; of 0 and less a fault", "ln(exp(1)) = 1"},
    {"log", "log", kMath, "x float64 -> float64 | base float64, x float64 -> float64", "Logarithm to base 10, or to the base given", "log(100) = 2 AND round(log(2, 8)) = 3"},
    {"log10", "log", kMath, "x float64 -> float64", "Logarithm to base 10", "log10(1000) = 3"},
    {"mod", "modulo", kMath, "y number, x number -> number", "Remainder of y/x, with the sign of y", "mod(7, 3) = 1"},
    {"pi", "pi", kMath, "-> float64", "3.14159...", "round(pi(), 4) = 3.1416"},
    {"power", "power", kMath, "x float64, y float64 -> float64", "x to the power of y", "power(2, 10) = 1024"},
    {"pow", "power", kMath, "x float64, y float64 -> float64", "The same as power", "pow(2, -1) = 0.5"},
    {"radians", "radians", kMath, "x float64 -> float64", "Degrees to radians", "radians(180) = pi()"},
    {"round", "round", kMath, "x float64 -> float64 | x decimal -> decimal | x decimal, digits int64 -> decimal | x float64, digits int64 -> float64", "To the nearest whole number or to digits after the point; halves of a decimal away from zero, of a float64 to even", "round(2.345, 2) = 2.35 AND round(2.5) = 3 AND round(2.5::float64) = 2"},
    {"sign", "sign", kMath, "x float64 -> float64 | x decimal -> decimal", "-1, 0 or 1", "sign(-3.5) = -1"},
    {"sin", "sin", kMath, "x float64 -> float64", "Sine of radians", "sin(0) = 0"},
    {"sqrt", "sqrt", kMath, "x float64 -> float64", "Square root; of a negative number a fault", "sqrt(9) = 3"},
    {"tan", "tan", kMath, "x float64 -> float64", "Tangent of radians", "tan(0) = 0"},
    {"trunc", "trunc", kMath, "x float64 -> float64 | x decimal -> decimal | x decimal, digits int64 -> decimal | x float64, digits int64 -> float64", "Towards zero", "trunc(-1.79, 1) = -1.7"},

    {"ascii", "ascii", kText, "text string -> int32", "Code point of the first character, 0 of an empty text", "ascii('a') = 97"},
    {"btrim", "btrim", kText, "text string, [characters string] -> string", "Without spaces, or the characters given, at both ends", "btrim('xxtipplexx', 'x') = 'tipple'"},
    {"char_length", "length", kText, "text string -> int32", "The same as length", "char_length('tipple') = 6"},
    {"character_length", "length", kText, "text string -> int32", "The same as length", "character_length('') = 0"},
    {"chr", "chr", kText, "code int64 -> string", "The character of a code point", "chr(8364) = '€'"},
    {"concat", "concat", kText, "value any... -> string", "Texts joined, NULL as an empty one", "concat('a', null, 1) = 'a1'", false},
    {"concat_ws", "concat_ws", kText, "separator string, value any... -> string", "Texts joined with a separator; NULLs are left out", "concat_ws('-', 'a', null, 'b') = 'a-b'", false},
    {"initcap", "initcap", kText, "text string -> string", "Each word with a capital", "initcap('hello wORLD') = 'Hello World'"},
    {"left", "left", kText, "text string, count int64 -> string", "The first characters; a negative count leaves so many out at the end", "left('tipple', 3) = 'tip' AND left('tipple', -2) = 'tipp'"},
    {"length", "length", kText, "text string -> int32", "Number of characters", "length('née') = 3"},
    {"lower", "lower", kText, "text string -> string", "In small letters", "lower('ÉT') = 'ét'"},
    {"lpad", "lpad", kText, "text string, length int64, [fill string] -> string", "Filled at the left, or cut at the right, to a number of characters", "lpad('7', 3, '0') = '007'"},
    {"ltrim", "ltrim", kText, "text string, [characters string] -> string", "Without spaces, or the characters given, at the beginning", "ltrim('  a') = 'a'"},
    {"md5", "md5", kText, "text string -> string", "MD5 of the UTF-8 bytes, in hexadecimal digits", "md5('') = 'd41d8cd98f00b204e9800998ecf8427e'"},
    {"octet_length", "octet_length", kText, "text string -> int32", "Number of bytes", "octet_length('née') = 4"},
    {"position", nullptr, kText, "position(part string IN text string) -> int32", "The same as strpos, in the standard's words", "position('pp' IN 'tipple') = 3"},
    {"regexp_like", "regexp_like", kText, "text string, pattern string, [flags string] -> bool", "Whether a regular expression (RE2) matches somewhere; flag i: ignoring case", "regexp_like('Tipple', 'p{2}')"},
    {"regexp_replace", "regexp_replace", kText, "text string, pattern string, replacement string, [flags string] -> string", "The first match replaced, with flag g each; \\1 is the first group, \\& the match", "regexp_replace('a1b2', '[0-9]', '#', 'g') = 'a#b#'"},
    {"regexp_substr", "regexp_substr", kText, "text string, pattern string, [flags string] -> string", "The first match, or NULL", "regexp_substr('order 66', '[0-9]+') = '66'", false},
    {"repeat", "repeat", kText, "text string, count int64 -> string", "The text so many times", "repeat('ab', 2) = 'abab'"},
    {"replace", "replace", kText, "text string, part string, by string -> string", "Each occurrence of a part replaced", "replace('tipple', 'pp', 'tt') = 'tittle'"},
    {"reverse", "reverse", kText, "text string -> string", "From back to front", "reverse('abc') = 'cba'"},
    {"right", "right", kText, "text string, count int64 -> string", "The last characters; a negative count leaves so many out at the beginning", "right('tipple', 3) = 'ple'"},
    {"rpad", "rpad", kText, "text string, length int64, [fill string] -> string", "Filled or cut at the right to a number of characters", "rpad('a', 3, '-') = 'a--'"},
    {"rtrim", "rtrim", kText, "text string, [characters string] -> string", "Without spaces, or the characters given, at the end", "rtrim('a  ') = 'a'"},
    {"sha256", "sha256", kText, "text string -> string", "SHA-256 of the UTF-8 bytes, in hexadecimal digits", "left(sha256('abc'), 8) = 'ba7816bf'"},
    {"split_part", "split_part", kText, "text string, separator string, n int64 -> string", "The n-th part, from the end if n is negative; empty if there is none", "split_part('a,b,c', ',', 2) = 'b' AND split_part('a,b,c', ',', -1) = 'c'"},
    {"starts_with", "starts_with", kText, "text string, beginning string -> bool", "Whether a text begins so", "starts_with('tipple', 'tip')"},
    {"strpos", "strpos", kText, "text string, part string -> int32", "Where a part begins, in characters from 1; 0: nowhere", "strpos('tipple', 'pp') = 3"},
    {"substr", "substr", kText, "text string, start int64, [count int64] -> string", "A part of a text, characters counted from 1", "substr('tipple', 1, 3) = 'tip'"},
    {"substring", "substr", kText, "text string, start int64, [count int64] -> string", "The same as substr; also substring(text FROM start FOR count)", "substring('tipple' FROM 4) = 'ple'"},
    {"to_hex", "to_hex", kText, "x int64 -> string", "Hexadecimal digits (two's complement)", "to_hex(255) = 'ff'"},
    {"translate", "translate", kText, "text string, from string, to string -> string", "Characters replaced one by one; those without a counterpart are dropped", "translate('12345', '143', 'ax') = 'a2x5'"},
    {"trim", nullptr, kText, "trim([LEADING|TRAILING|BOTH] [characters] FROM text) -> string | trim(text [, characters]) -> string", "btrim, ltrim or rtrim in the standard's words", "trim(both 'x' from 'xax') = 'a'"},
    {"upper", "upper", kText, "text string -> string", "In capital letters", "upper('née') = 'NÉE'"},

    {"date_part", "date_part", kTime, "field string, x any -> float64", "As extract, as a float64", "date_part('month', date '2024-02-29') = 2"},
    {"date_trunc", "date_trunc", kTime, "field string, x timestamp -> timestamp | field string, x timestamp_tz -> timestamp_tz", "The beginning of the microsecond, millisecond, second, minute, hour, day, week, month, quarter, year, decade, century or millennium", "date_trunc('month', timestamp '2024-02-29 12:00:00') = timestamp '2024-02-01 00:00:00'"},
    {"extract", nullptr, kTime, "extract(field FROM x) -> int64 | extract(epoch|second FROM x) -> decimal(18,6)", "A field: year, month, day, hour, minute, second, quarter, week, isoyear, dow, isodow, doy, epoch, decade, century, millennium, millisecond, microsecond, julian", "extract(year FROM date '2024-02-29') = 2024"},
    {"interval", nullptr, kTime, "interval 'text' -> interval", "What can be added to and subtracted from dates and timestamps, also times a whole number", "timestamp '2024-01-31 00:00:00' + interval '1 month 2 hours' = timestamp '2024-02-29 02:00:00'"},
    {"make_date", "make_date", kTime, "year int64, month int64, day int64 -> date", "A date from its parts; one that does not exist is a fault", "make_date(2024, 2, 29) = date '2024-02-29'"},
    {"make_time", "make_time", kTime, "hour int64, minute int64, second float64 -> time", "A time of day from its parts", "make_time(8, 15, 23.5) = time '08:15:23.5'"},
    {"make_timestamp", "make_timestamp", kTime, "year int64, month int64, day int64, hour int64, minute int64, second float64 -> timestamp", "A timestamp from its parts", "make_timestamp(2024, 2, 29, 12, 30, 1.5) = timestamp '2024-02-29 12:30:01.5'"},
    {"to_char", "to_char", kTime, "x timestamp, format string -> string | x timestamp_tz, format string -> string", "A date or timestamp as text: YYYY YY MM Month Mon DD DDD Day Dy D ID IW HH24 HH12 HH MI SS MS US AM Q, and anything in double quotes", "to_char(date '2024-02-09', 'DD.MM.YYYY') = '09.02.2024'"},
    {"to_date", "to_date", kTime, "text string, format string -> date", "A text as a date, by a format of the same fields; one that does not fit is a fault", "to_date('09.02.2024', 'DD.MM.YYYY') = date '2024-02-09'"},
    {"to_timestamp", "to_timestamp", kTime, "epoch float64 -> timestamp_tz | text string, format string -> timestamp_tz", "Seconds since 1970 as a timestamp in UTC, or a text by a format", "to_timestamp(86400) = timestamp_tz '1970-01-02 00:00:00Z'"},

    {"json_array_length", "json_array_length", kJson, "json string -> int32", "Number of elements; what is no array is a fault", "json_array_length('[1, 2, 3]') = 3"},
    {"json_extract_path", "json_extract", kJson, "json string, path string... -> string", "What stands at a path, as JSON; NULL if nothing does", "json_extract_path('{\"a\": {\"b\": [1]}}', 'a', 'b') = '[1]'", false},
    {"json_extract_path_text", "json_extract_text", kJson, "json string, path string... -> string", "What stands at a path of members and element numbers, as text; NULL if nothing or null does", "json_extract_path_text('{\"a\": {\"b\": \"x\"}}', 'a', 'b') = 'x'", false},
    {"json_extract_text", "json_extract_text", kJson, "json string, path string... -> string", "The same as json_extract_path_text", "json_extract_text('[5, 6]', '1') = '6'", false},
    {"json_typeof", "json_typeof", kJson, "json string -> string", "object, array, string, number, boolean or null", "json_typeof('[]') = 'array'"},
};
// clang-format on

}  // namespace

std::span<const FunctionRow> function_rows() { return kRows; }

}  // namespace tipple
