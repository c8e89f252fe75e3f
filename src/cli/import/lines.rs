//! The lines of a file, one at a time and none of them longer than may be: a gigabyte without a line end is no reason
//! to hold a gigabyte.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;

use crate::{app::import::Line, model::limits};

/// Lines that say something, with their numbers.
pub(super) struct Lines {
    from: Box<dyn BufRead>,
    number: u64,
}

impl Lines {
    /// The file at `path`, or standard input for `-`; either may be gzipped.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            Self::new(io::stdin().lock())
        } else {
            Self::new(BufReader::new(File::open(path)?))
        }
    }

    fn new(mut from: impl BufRead + 'static) -> io::Result<Self> {
        // By its first bytes and not by its name: standard input has none.
        let gzipped = from.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let from: Box<dyn BufRead> =
            if gzipped { Box::new(BufReader::new(MultiGzDecoder::new(from))) } else { Box::new(from) };
        Ok(Self { from, number: 0 })
    }

    /// The next line with anything in it; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let bytes = match self.line()? {
                Read::End => return Ok(None),
                Read::TooLong => None,
                Read::Whole(line) => Some(line),
            };
            self.number += 1;
            let bytes = bytes.map(|line| if self.number == 1 { without_mark(line) } else { line });
            if bytes.as_ref().is_none_or(|line| !line.trim_ascii().is_empty()) {
                return Ok(Some(Line { number: self.number, bytes }));
            }
        }
    }

    /// One line without its end.
    fn line(&mut self) -> io::Result<Read> {
        let (mut line, mut begun, mut fits) = (Vec::new(), false, true);
        loop {
            let piece = self.from.fill_buf()?;
            if piece.is_empty() {
                return Ok(if begun { Read::of(line, fits) } else { Read::End });
            }
            begun = true;
            let end = piece.iter().position(|b| *b == b'\n');
            let (part, taken) = piece.get(..end.unwrap_or(piece.len())).map_or((piece, piece.len()), |p| (p, p.len()));
            fits &= line.len() + part.len() <= limits::LINE_BYTES;
            if fits {
                line.extend_from_slice(part);
            } else {
                line = Vec::new();
            }
            self.from.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(Read::of(line, fits));
            }
        }
    }
}

/// What the next line is.
enum Read {
    Whole(Vec<u8>),
    TooLong,
    End,
}

impl Read {
    fn of(line: Vec<u8>, fits: bool) -> Self {
        if fits { Self::Whole(line) } else { Self::TooLong }
    }
}

/// Some editors put a mark before the first letter.
fn without_mark(line: Vec<u8>) -> Vec<u8> {
    line.strip_prefix("\u{feff}".as_bytes()).map(<[u8]>::to_vec).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use super::*;

    fn all(bytes: Vec<u8>) -> Vec<(u64, Option<String>)> {
        // Pieces of three bytes, as a slow pipe gives them.
        let mut lines = Lines::new(BufReader::with_capacity(3, Cursor::new(bytes))).unwrap();
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push((line.number, line.bytes.map(|b| String::from_utf8(b).unwrap())));
        }
        found
    }

    #[test]
    fn lines_keep_their_numbers_and_a_last_one_needs_no_end() {
        let found = all("\u{feff}a\r\n\n  \nbb\nc".into());
        let kept = [(1, "a\r"), (4, "bb"), (5, "c")].map(|(n, l)| (n, Some(l.to_owned())));
        assert_eq!(found, kept);
        assert!(all(Vec::new()).is_empty());
    }

    #[test]
    fn a_gzipped_file_is_seen_by_its_first_bytes() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"a\nb\n").unwrap();
        let mut bytes = packed.finish().unwrap();
        // Two members one after the other are one file.
        bytes.extend(bytes.clone());
        let mut lines = Lines::new(BufReader::new(Cursor::new(bytes))).unwrap();
        let mut numbers = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            numbers.push(line.number);
        }
        assert_eq!(numbers, [1, 2, 3, 4]);
    }

    #[test]
    fn a_line_without_an_end_is_not_held() {
        let mut bytes = vec![b'x'; limits::LINE_BYTES];
        bytes.extend(b"\n");
        bytes.extend(vec![b'y'; limits::LINE_BYTES + 1]);
        bytes.extend(b"\nz");
        let mut lines = Lines::new(Cursor::new(bytes)).unwrap();
        let mut next = || lines.next().unwrap().map(|l| (l.number, l.bytes.map(|b| b.len())));
        assert_eq!(next(), Some((1, Some(limits::LINE_BYTES))));
        assert_eq!(next(), Some((2, None)));
        assert_eq!(next(), Some((3, Some(1))));
        assert_eq!(next(), None);
    }
}
