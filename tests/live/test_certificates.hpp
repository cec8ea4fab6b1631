#pragma once
// Certificates of a test's own, made with OpenSSL's library.

#include <openssl/x509.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace exclusive_lock::live {

struct Certificate {
  std::shared_ptr<X509> certificate;
  std::shared_ptr<EVP_PKEY> key;

  // In PEM. Both throw std::runtime_error.
  void write_certificate(const std::filesystem::path& file) const;
  void write_key(const std::filesystem::path& file) const;
};

// One that signs others, and itself.
Certificate make_authority(const std::string& name);

struct CertificateWish {
  std::string hosts;  // "DNS:localhost,IP:127.0.0.1"
  // From now. It begins a day before its end at the latest.
  std::chrono::hours ends_in{24};
  std::chrono::hours begins_in{-24};
};
Certificate issue(const Certificate& authority, const CertificateWish& wish);

}  // namespace exclusive_lock::live
