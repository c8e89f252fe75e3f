//! A small world to try everything on: fictional companies, their feeds on a loopback web server, and a loopback
//! mail server that keeps what it is given.
