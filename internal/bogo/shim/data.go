package main

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/pqkx/pqkx/tls13"
)

// transfer is what comes after the handshake, up to our close_notify and, if
// that is asked for, the runner's.
func (s *settings) transfer(conn *tls13.Conn, h *handshake) error {
	if err := s.export(conn, h); err != nil {
		return err
	}
	if s.shimWritesFirst {
		if _, err := conn.Write([]byte("hello")); err != nil {
			return err
		}
	}
	if s.shimShutsDown {
		return s.shutDown(conn)
	}
	if err := s.echo(conn); err != nil {
		return err
	}
	return conn.CloseWrite()
}

// export writes what the exporter and the key log yield.
func (s *settings) export(conn *tls13.Conn, h *handshake) error {
	if s.exportLength > 0 {
		state := conn.ConnectionState()
		material, err := state.ExportKeyingMaterial(s.exportLabel, []byte(s.exportContext), s.exportLength)
		if err != nil {
			return err
		}
		if _, err := conn.Write(material); err != nil {
			return err
		}
	}
	if !s.exportSecrets {
		return nil
	}
	client, err := h.trafficSecret("CLIENT")
	if err != nil {
		return err
	}
	server, err := h.trafficSecret("SERVER")
	if err != nil {
		return err
	}
	read, write := server, client
	if s.server {
		read, write = client, server
	}
	_, err = conn.Write(slices.Concat(binary.LittleEndian.AppendUint16(nil, uint16(len(read))), read, write))
	return err
}

// echo sends back every byte that comes, inverted, until the runner is done.
func (s *settings) echo(conn *tls13.Conn) error {
	buffer := make([]byte, max(s.readSize, 512))
	if s.readSize > 0 {
		buffer = buffer[:s.readSize]
	}
	for {
		if s.keyUpdateFirst {
			if err := conn.KeyUpdate(false); err != nil {
				return err
			}
		}
		n, err := conn.Read(buffer)
		if err != nil {
			return s.end(err)
		}
		for i := range buffer[:n] {
			buffer[i] ^= 0xff
		}
		if s.keyUpdate {
			if err := conn.KeyUpdate(false); err != nil {
				return err
			}
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return err
		}
	}
}

// end is the error of a Read, if it is one: the runner may close as it likes,
// unless the close_notify is checked.
func (s *settings) end(err error) error {
	switch {
	case err == io.EOF, err == io.ErrUnexpectedEOF && !s.checkCloseNotify:
		return nil
	case err == io.ErrUnexpectedEOF:
		return errors.New("end of the connection without close_notify")
	}
	return err
}

// shutDown closes first, and then waits for the runner to do so if its
// close_notify is checked.
func (s *settings) shutDown(conn *tls13.Conn) error {
	if err := conn.CloseWrite(); err != nil || !s.checkCloseNotify {
		return err
	}
	n, err := conn.Read(make([]byte, 1))
	if n > 0 {
		return errors.New("application data after our close_notify")
	}
	return s.end(err)
}
