#include "live/test_certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <stdexcept>

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;

void must(bool succeeded, const char* what) {
  if (!succeeded) {
    throw std::runtime_error(std::string("cannot make a certificate: ") + what);
  }
}

long next_serial() {
  static std::atomic<long> serial{1};
  return serial++;
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), &X509_EXTENSION_free);
  must(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

Certificate blank(const std::string& name, const CertificateWish& wish) {
  Certificate made{.certificate = {X509_new(), &X509_free},
                   .key = {EVP_EC_gen("P-256"), &EVP_PKEY_free}};
  X509* certificate = made.certificate.get();
  must(certificate != nullptr && made.key, "key");
  const std::chrono::seconds ends_in = wish.ends_in;
  const std::chrono::seconds begins_in = std::min(wish.begins_in, wish.ends_in - 24h);
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), next_serial());
  X509_gmtime_adj(X509_getm_notBefore(certificate), begins_in.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate), ends_in.count());
  must(X509_set_pubkey(certificate, made.key.get()) == 1, "public key");
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  must(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, text, -1,
                                  -1, 0) == 1,
       "name");
  return made;
}

// The extension is part of what is signed.
void finish(const Certificate& made, const Certificate& by, int extension,
            const std::string& value) {
  X509* certificate = made.certificate.get();
  X509* issuer = by.certificate.get();
  must(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1, "issuer");
  add_extension(certificate, issuer, extension, value);
  must(X509_sign(certificate, by.key.get(), EVP_sha256()) != 0, "signature");
}

void write(const std::filesystem::path& file, const auto& writer) {
  const std::unique_ptr<FILE, int (*)(FILE*)> stream(std::fopen(file.c_str(), "w"), &std::fclose);
  must(stream && writer(stream.get()) == 1, "file");
}

}  // namespace

void Certificate::write_certificate(const std::filesystem::path& file) const {
  write(file, [this](FILE* to) { return PEM_write_X509(to, certificate.get()); });
}

void Certificate::write_key(const std::filesystem::path& file) const {
  write(file, [this](FILE* to) {
    return PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

Certificate make_authority(const std::string& name) {
  const Certificate made = blank(name, {});
  finish(made, made, NID_basic_constraints, "critical,CA:TRUE");
  return made;
}

Certificate issue(const Certificate& authority, const CertificateWish& wish) {
  const Certificate made = blank("test server", wish);
  finish(made, authority, NID_subject_alt_name, wish.hosts);
  return made;
}

}  // namespace exclusive_lock::live
