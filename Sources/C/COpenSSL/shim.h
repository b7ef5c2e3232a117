// OpenSSL 3: the headers, and its macros as functions that Swift can call.
#ifndef GATEHOUSE_COPENSSL_SHIM_H
#define GATEHOUSE_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// What makes up a public key; a macro over macros, which Swift does not import.
static inline int COpenSSL_PUBLIC_KEY_SELECTION(void) { return EVP_PKEY_PUBLIC_KEY; }

// TLS contexts and connections.
static inline int copenssl_set_minimum_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}
static inline void copenssl_set_mode(SSL_CTX *context, long mode) { SSL_CTX_set_mode(context, mode); }
// A FIN without close_notify counts as an end: the HTTP framing tells whether something is missing.
static inline void copenssl_set_server_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
}
static inline void copenssl_disable_session_cache(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}
static inline int copenssl_set_groups(SSL_CTX *context, const char *groups) {
    return (int)SSL_CTX_set1_groups_list(context, groups);
}
static inline int copenssl_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}
static inline void copenssl_set_context_data(SSL_CTX *context, void *data) { SSL_CTX_set_ex_data(context, 0, data); }
static inline void *copenssl_context_data(SSL *ssl) { return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0); }
typedef int (*copenssl_server_name_callback)(SSL *ssl, int *alert, void *argument);
static inline void copenssl_set_server_name_callback(
    SSL_CTX *context, copenssl_server_name_callback callback, void *argument) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
    SSL_CTX_set_tlsext_servername_arg(context, argument);
}
typedef int (*copenssl_ticket_callback)(
    SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypting);
static inline void copenssl_set_ticket_callback(SSL_CTX *context, copenssl_ticket_callback callback) {
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, callback);
}
// Keys one ticket's cipher and MAC (RFC 5077 section 4): AES-256-CBC with HMAC-SHA-256.
static inline int copenssl_key_ticket(
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, unsigned char *cipher_key, unsigned char *mac_key, unsigned char *iv,
    int encrypting) {
    OSSL_PARAM parameters[3];
    parameters[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, 32);
    parameters[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0);
    parameters[2] = OSSL_PARAM_construct_end();
    return EVP_MAC_CTX_set_params(mac, parameters) == 1
        && EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, cipher_key, iv, encrypting) == 1;
}
static inline void copenssl_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline int copenssl_error_reason(unsigned long code) { return ERR_GET_REASON(code); }
static inline int copenssl_stack_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
static inline GENERAL_NAME *copenssl_stack_value(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}
// The DNS name in a subjectAltName entry, or NULL.
static inline ASN1_IA5STRING *copenssl_dns_name(const GENERAL_NAME *name) {
    return name->type == GEN_DNS ? name->d.dNSName : NULL;
}
#endif
