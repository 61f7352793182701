// A job file of given sources and tables, and what is wrong with it: for tests.
#pragma once

#include <string>

#include "jobs/job_file.h"

namespace tipple {

// `sources` and `tables` are indented lines; the first line of `sources` is line 5 of the file.
inline ParsedJob parse_sections(const std::string& sources, const std::string& tables) {
  return parse_job("version: 1\njob: j\nwarehouse: wh\nsources:\n" + sources + "\ntables:\n" + tables + "\n",
                   "job.yaml", "/jobs");
}

// One "line:column: what (hint)\n" for each mistake.
inline std::string printed(const ParsedJob& parsed) {
  std::string text;
  for (const JobFileMistake& mistake : parsed.mistakes) {
    text += std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + ": " + mistake.what + " (" +
            mistake.hint + ")\n";
  }
  return text;
}

}  // namespace tipple
