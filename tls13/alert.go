package tls13

import (
	"errors"
	"fmt"

	"github.com/pqkx/pqkx"
)

// An Alert is the description in an alert message (RFC 8446, section 6).
type Alert uint8

// The alerts of RFC 8446, appendix B.2.
const (
	AlertCloseNotify                  Alert = 0
	AlertUnexpectedMessage            Alert = 10
	AlertBadRecordMAC                 Alert = 20
	AlertRecordOverflow               Alert = 22
	AlertHandshakeFailure             Alert = 40
	AlertBadCertificate               Alert = 42
	AlertUnsupportedCertificate       Alert = 43
	AlertCertificateRevoked           Alert = 44
	AlertCertificateExpired           Alert = 45
	AlertCertificateUnknown           Alert = 46
	AlertIllegalParameter             Alert = 47
	AlertUnknownCA                    Alert = 48
	AlertAccessDenied                 Alert = 49
	AlertDecodeError                  Alert = 50
	AlertDecryptError                 Alert = 51
	AlertProtocolVersion              Alert = 70
	AlertInsufficientSecurity         Alert = 71
	AlertInternalError                Alert = 80
	AlertInappropriateFallback        Alert = 86
	AlertUserCanceled                 Alert = 90
	AlertMissingExtension             Alert = 109
	AlertUnsupportedExtension         Alert = 110
	AlertUnrecognizedName             Alert = 112
	AlertBadCertificateStatusResponse Alert = 113
	AlertUnknownPSKIdentity           Alert = 115
	AlertCertificateRequired          Alert = 116
	AlertNoApplicationProtocol        Alert = 120
)

var alertNames = map[Alert]string{
	AlertCloseNotify:                  "close_notify",
	AlertUnexpectedMessage:            "unexpected_message",
	AlertBadRecordMAC:                 "bad_record_mac",
	AlertRecordOverflow:               "record_overflow",
	AlertHandshakeFailure:             "handshake_failure",
	AlertBadCertificate:               "bad_certificate",
	AlertUnsupportedCertificate:       "unsupported_certificate",
	AlertCertificateRevoked:           "certificate_revoked",
	AlertCertificateExpired:           "certificate_expired",
	AlertCertificateUnknown:           "certificate_unknown",
	AlertIllegalParameter:             "illegal_parameter",
	AlertUnknownCA:                    "unknown_ca",
	AlertAccessDenied:                 "access_denied",
	AlertDecodeError:                  "decode_error",
	AlertDecryptError:                 "decrypt_error",
	AlertProtocolVersion:              "protocol_version",
	AlertInsufficientSecurity:         "insufficient_security",
	AlertInternalError:                "internal_error",
	AlertInappropriateFallback:        "inappropriate_fallback",
	AlertUserCanceled:                 "user_canceled",
	AlertMissingExtension:             "missing_extension",
	AlertUnsupportedExtension:         "unsupported_extension",
	AlertUnrecognizedName:             "unrecognized_name",
	AlertBadCertificateStatusResponse: "bad_certificate_status_response",
	AlertUnknownPSKIdentity:           "unknown_psk_identity",
	AlertCertificateRequired:          "certificate_required",
	AlertNoApplicationProtocol:        "no_application_protocol",
}

// String returns the alert's name in the RFC, or its number.
func (a Alert) String() string {
	if name, ok := alertNames[a]; ok {
		return name
	}
	return fmt.Sprintf("alert(%d)", uint8(a))
}

// An AlertError is a fault of the peer, or of our own, and the alert that was
// sent to the peer for it.
type AlertError struct {
	Alert Alert
	Err   error
}

// Error names the fault, then the alert.
func (e *AlertError) Error() string {
	return fmt.Sprintf("tls13: %v (sent alert %v)", e.Err, e.Alert)
}

// Unwrap returns the fault.
func (e *AlertError) Unwrap() error { return e.Err }

// A PeerAlertError is a fatal alert that the peer sent.
type PeerAlertError struct{ Alert Alert }

// Error names the alert.
func (e *PeerAlertError) Error() string {
	return fmt.Sprintf("tls13: peer sent alert %v (%d)", e.Alert, uint8(e.Alert))
}

// alertf makes an AlertError, which the functions of the handshake return and
// [Conn] sends.
func alertf(a Alert, format string, args ...any) error {
	return &AlertError{a, fmt.Errorf(format, args...)}
}

// brief formats a list of the peer's for an error. It is shortened, because the
// peer decides how long it is.
func brief[T any](verb string, list []T) string {
	const most = 8
	if len(list) <= most {
		return fmt.Sprintf(verb, list)
	}
	return fmt.Sprintf(verb+" and %d more", list[:most], len(list)-most)
}

// rejection gives the error of a callback its alert: the one that it names, or
// else a.
func rejection(err error, a Alert) error {
	var named *AlertError
	if err == nil || errors.As(err, &named) {
		return err
	}
	return &AlertError{a, err}
}

// keyShareAlert gives a group's error its alert: a bad share is the peer's
// fault, anything else is ours.
func keyShareAlert(err error) error {
	if errors.Is(err, pqkx.ErrKeyShare) {
		return &AlertError{AlertIllegalParameter, err}
	}
	return &AlertError{AlertInternalError, err}
}
