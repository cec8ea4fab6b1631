#include "stores/redis/redis_tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/verify_context.hpp>
#include <stdexcept>

#include "exclusive_lock/printable.hpp"

namespace exclusive_lock::redis {
namespace {

namespace ssl = boost::asio::ssl;

std::string refusal_text(int verify_error, const TlsTrust& trust) {
  const std::string host = printable(trust.host);
  switch (verify_error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the server's certificate has expired. Renew it there";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the server's certificate is not valid yet. Is this machine's clock right?";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the server's certificate is not for the host " + host +
             ". Use a name that it is for, or give the server another certificate";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "the server's certificate is signed by an authority that is unknown here. Name that "
             "authority's certificate as CA file, if it can be trusted";
    default:
      return std::string("the server's certificate was not accepted: ") +
             ::X509_verify_cert_error_string(verify_error);
  }
}

bool is_address(const std::string& host) {
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  return !error;
}

// X509_VERIFY_PARAM_set1_host(3): part of the chain's verification, for every connection made from
// here.
void expect_host(SSL_CTX* context, const std::string& host) {
  X509_VERIFY_PARAM* expected = ::SSL_CTX_get0_param(context);
  ::X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const int set = is_address(host)
                      ? ::X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str())
                      : ::X509_VERIFY_PARAM_set1_host(expected, host.data(), host.size());
  if (set != 1) {
    throw std::runtime_error("cannot verify certificates for the host " + printable(host));
  }
}

// Server name indication, for servers that have several certificates. It belongs to one connection,
// and Boost.Redis makes that inside; OpenSSL calls this at its start. Addresses are not sent (RFC
// 6066, 3).
void send_server_name(const SSL* connection, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_START) == 0) {
    return;
  }
  auto* mine = const_cast<SSL*>(connection);
  if (const char* host = ::X509_VERIFY_PARAM_get0_host(::SSL_get0_param(mine), 0)) {
    SSL_set_tlsext_host_name(mine, host);
  }
}

void trust_authorities(ssl::context& context, const std::filesystem::path& ca_file) {
  boost::system::error_code error;
  if (ca_file.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.load_verify_file(ca_file.string(), error);
  }
  ::ERR_clear_error();
  if (error) {
    throw std::runtime_error(
        "cannot read certificates from " +
        (ca_file.empty() ? "the system's store" : printable(ca_file.string())) + ": " +
        printable(error.message()));
  }
}

}  // namespace

ssl::context make_tls_context(const TlsTrust& trust, const std::shared_ptr<TlsReport>& report) {
  ssl::context context(ssl::context::tls_client);
  ::SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  trust_authorities(context, trust.ca_file);
  expect_host(context.native_handle(), trust.host);
  ::SSL_CTX_set_info_callback(context.native_handle(), send_server_name);
  context.set_verify_mode(ssl::verify_peer);
  context.set_verify_callback([trust, report](bool accepted, ssl::verify_context& chain) {
    if (!accepted && report->refusal.empty()) {
      report->refusal = refusal_text(::X509_STORE_CTX_get_error(chain.native_handle()), trust);
    }
    return accepted;
  });
  return context;
}

std::string handshake_failure_text(const boost::system::error_code& error) {
  const std::string text = "TLS failed (" + printable(error.message()) + ")";
  switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
      return text + ". The server's TLS is too old: 1.2 is the oldest that is taken";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return text +
             ". The server may have weak ciphers only, or want a client certificate "
             "(tls-auth-clients): neither can be used";
    default:
      return text +
             ". Is it a TLS port? A server that wants a client certificate "
             "(tls-auth-clients) cannot be used";
  }
}

}  // namespace exclusive_lock::redis
