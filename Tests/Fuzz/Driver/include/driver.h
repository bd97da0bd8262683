#ifndef FSAC_FUZZ_DRIVER_H
#define FSAC_FUZZ_DRIVER_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's, which comes with the compiler's -sanitize=fuzzer. */
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*run)(const uint8_t *data, size_t size));

#endif
