#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift does not see: one function for each type of argument.

static inline CURLcode fsac_curl_set_number(CURL *curl, CURLoption option, long value) {
    return curl_easy_setopt(curl, option, value);
}

// Texts and posted bytes are copied; lists, the error's buffer and the receiver's context are not.
static inline CURLcode fsac_curl_set_pointer(CURL *curl, CURLoption option, const void *value) {
    return curl_easy_setopt(curl, option, value);
}

static inline CURLcode fsac_curl_set_size(CURL *curl, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(curl, option, value);
}

typedef size_t (*fsac_curl_receiver)(char *bytes, size_t one, size_t count, void *context);

static inline CURLcode fsac_curl_set_receiver(CURL *curl, fsac_curl_receiver receiver) {
    return curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receiver);
}

static inline CURLcode fsac_curl_get_number(CURL *curl, CURLINFO info, long *value) {
    return curl_easy_getinfo(curl, info, value);
}
