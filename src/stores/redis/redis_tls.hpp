#pragma once
// What rediss: trusts, and why it does not.
//
// The server's certificate chain and name are always verified; there is no switch to turn that off.
// TLS 1.2 or newer. Client certificates are not supported.

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>
#include <filesystem>
#include <memory>
#include <string>

namespace exclusive_lock::redis {

struct TlsTrust {
  std::string host;               // a name or an IP address: what the certificate must be for
  std::filesystem::path ca_file;  // PEM; empty: the system's
};

// Where verification leaves its reason: OpenSSL's error code of the handshake only says that it
// failed.
struct TlsReport {
  std::string refusal;  // empty: nothing was refused. Fit for a terminal
};

// Throws std::runtime_error, fit for a terminal, where the CA file cannot be used.
boost::asio::ssl::context make_tls_context(const TlsTrust& trust,
                                           const std::shared_ptr<TlsReport>& report);

// Why a handshake failed that no certificate is to blame for, fit for a terminal.
std::string handshake_failure_text(const boost::system::error_code& error);

}  // namespace exclusive_lock::redis
