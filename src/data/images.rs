//! A folder of pictures: `images("folder")` has a sub-folder for each class, of PNG or JPEG files of one size.
//!
//! ```text
//! digits/zero/a.png  digits/zero/b.png  digits/one/c.jpg     columns x (the pixels) and y (zero, zero, one)
//! ```
//!
//! Rows follow the names of folders and files. The first picture says the size and whether there are colours; grey
//! pictures among coloured ones get three equal channels. What is transparent counts as it is coloured.
//! With `images("folder", size = 64)` pictures may have any size: the largest square in the middle of each is brought to
//! 64 × 64 by means over areas, and all get three channels.

use std::io::{Cursor, Read};

use super::table::{Cells, Content, Header, Opened, Table, Texts};
use super::{Files, error};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Bytes of a file, and of a decoded picture, beyond which it is refused.
const LARGEST: usize = 1 << 26;

/// Pictures with the first of them looked at.
struct Folder<'f> {
    place: String,
    span: Span,
    header: Vec<Header>,
    size: [usize; 3],
    /// Label and path.
    pictures: Vec<(String, String)>,
    files: &'f dyn Files,
    /// The side that all pictures are brought to.
    side: Option<usize>,
}

/// A decoded picture.
struct Picture {
    /// height, width, channels (1 or 3)
    size: [usize; 3],
    pixels: Vec<u8>,
}

/// Lists a folder, and reads the first picture for its size.
pub fn open<'f>(
    folder: &str,
    side: Option<usize>,
    span: Span,
    files: &'f dyn Files,
) -> Result<Box<dyn Opened + 'f>, Diagnostic> {
    let pictures = listed(folder, span, files)?;
    let Some((_, first)) = pictures.first() else {
        return Err(error::unreadable(span, folder, "it has no pictures in sub-folders")
            .help("put the PNG or JPEG files of each class into a folder of its name"));
    };
    let size = match side {
        Some(side) => [side, side, 3],
        None => picture(first, span, files)?.size,
    };
    let header = vec![
        Header { name: "x".to_owned(), content: Content::Bytes(size.to_vec()) },
        Header { name: "y".to_owned(), content: Content::Text },
    ];
    Ok(Box::new(Folder { place: folder.to_owned(), span, header, size, pictures, files, side }))
}

/// The pictures in all sub-folders, by name.
fn listed(folder: &str, span: Span, files: &dyn Files) -> Result<Vec<(String, String)>, Diagnostic> {
    let entries = |path: &str| -> Result<Vec<String>, Diagnostic> {
        let mut names = files.list(path).map_err(|fault| error::not_opened(span, path, &fault, files))?;
        names.retain(|name| !name.starts_with('.'));
        names.sort_unstable();
        Ok(names)
    };
    let mut pictures = vec![];
    for class in entries(folder)?.iter().filter_map(|name| name.strip_suffix('/')) {
        let inner = format!("{folder}/{class}");
        let names = entries(&inner)?;
        let is_picture = |name: &&String| {
            let lower = name.to_ascii_lowercase();
            [".png", ".jpg", ".jpeg"].iter().any(|ending| lower.ends_with(ending))
        };
        pictures.extend(names.iter().filter(is_picture).map(|n| (class.to_owned(), format!("{inner}/{n}"))));
    }
    Ok(pictures)
}

impl Opened for Folder<'_> {
    fn header(&self) -> &[Header] {
        &self.header
    }

    fn read(self: Box<Self>, wanted: &[bool]) -> Result<Table, Diagnostic> {
        let mut labels = Texts::default();
        self.pictures.iter().for_each(|(label, _)| labels.push(label.as_bytes()));
        let width = self.size.iter().product();
        let mut data = vec![];
        let is_wanted = |i: usize| wanted.get(i) == Some(&true);
        for (_, path) in self.pictures.iter().filter(|_| is_wanted(0)) {
            let read = picture(path, self.span, self.files)?;
            let Picture { size, pixels } = match self.side {
                Some(side) => resized(&read, side),
                None => read,
            };
            match (size, self.size) {
                (found, wanted) if found == wanted => data.extend(pixels),
                ([h, w, 1], [height, width, 3]) if [h, w] == [height, width] => {
                    data.extend(pixels.iter().flat_map(|p| [*p; 3]));
                }
                ([h, w, c], [height, width, channels]) => {
                    let cause =
                        format!("it is {h}×{w}×{c}, but the first picture is {height}×{width}×{channels}");
                    return Err(error::unreadable(self.span, path, &cause)
                        .help("bring all pictures to one size and one kind before"));
                }
            }
        }
        let columns = vec![
            is_wanted(0).then_some(Cells::Bytes { width, data }),
            is_wanted(1).then_some(Cells::Text(labels)),
        ];
        let rows = self.pictures.len();
        Ok(Table { place: self.place, rows, lines: vec![], origin: vec![], columns })
    }
}

/// The largest square in the middle, by means over areas; grey stays grey.
///
/// Output pixel i covers [i s, (i + 1) s) of the square with s = square / side. A source pixel counts by the share of it
/// that is covered, in both directions.
fn resized(from: &Picture, side: usize) -> Picture {
    let [height, width, channels] = from.size;
    let square = height.min(width);
    let (top, left) = ((height - square) / 2, (width - square) / 2);
    let scale = square as f64 / side as f64;
    let covered: Vec<Vec<(usize, f64)>> = (0..side)
        .map(|i| {
            let (start, end) = (i as f64 * scale, (i + 1) as f64 * scale);
            let last = (end.ceil() as usize).min(square);
            let share = |k: usize| (end.min(k as f64 + 1.0) - start.max(k as f64)).max(0.0) / scale;
            (start.floor() as usize..last).map(|k| (k, share(k))).collect()
        })
        .collect();
    let mut pixels = Vec::with_capacity(side * side * channels);
    for rows in &covered {
        for columns in &covered {
            for c in 0..channels {
                let mut sum = 0.0;
                for (y, of_row) in rows {
                    for (x, of_column) in columns {
                        let at = ((top + y) * width + left + x) * channels + c;
                        sum += of_row * of_column * f64::from(from.pixels[at]);
                    }
                }
                pixels.push(sum.round().clamp(0.0, 255.0) as u8);
            }
        }
    }
    Picture { size: [side, side, channels], pixels }
}

/// Reads and decodes one file.
fn picture(path: &str, span: Span, files: &dyn Files) -> Result<Picture, Diagnostic> {
    let mut bytes = vec![];
    let file = files.open(path).map_err(|fault| error::not_opened(span, path, &fault, files))?;
    let read = file.take(LARGEST as u64 + 1).read_to_end(&mut bytes);
    let unreadable = |cause: &str| error::unreadable(span, path, cause);
    match read {
        Err(cause) => return Err(unreadable(&error::io_cause(&cause))),
        Ok(count) if count > LARGEST => return Err(unreadable("it is larger than 64 MiB")),
        Ok(_) => {}
    }
    let decoded = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => png(bytes),
        [0xff, 0xd8, ..] => jpeg(bytes),
        _ => Err("it is neither PNG nor JPEG".to_owned()),
    };
    let found = decoded.map_err(|cause| unreadable(&cause))?;
    match found.pixels.len() == found.size.iter().product::<usize>() && !found.pixels.is_empty() {
        true => Ok(found),
        false => Err(unreadable("it has fewer pixels than its header says")),
    }
}

/// Palettes and few bits become bytes, sixteen bits their upper eight; transparency is left out.
fn png(bytes: Vec<u8>) -> Result<Picture, String> {
    let limits = png::Limits { bytes: LARGEST };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|e| e.to_string())?;
    let size = reader.output_buffer_size().filter(|size| *size <= LARGEST).ok_or("it is too large")?;
    let mut buffer = vec![0; size];
    let info = reader.next_frame(&mut buffer).map_err(|e| e.to_string())?;
    buffer.truncate(info.buffer_size());
    let (channels, kept) = match info.color_type {
        png::ColorType::Grayscale => (1, 1),
        png::ColorType::GrayscaleAlpha => (2, 1),
        png::ColorType::Rgb | png::ColorType::Indexed => (3, 3),
        png::ColorType::Rgba => (4, 3),
    };
    let pixels = buffer.chunks_exact(channels).flat_map(|p| p[..kept].iter().copied()).collect();
    Ok(Picture { size: [info.height as usize, info.width as usize, kept], pixels })
}

fn jpeg(bytes: Vec<u8>) -> Result<Picture, String> {
    use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
    let most = DecoderOptions::default().set_max_width(1 << 14).set_max_height(1 << 14);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(&bytes), most);
    decoder.decode_headers().map_err(|e| e.to_string())?;
    let (width, height) = decoder.dimensions().ok_or("it has no size")?;
    if width * height > LARGEST / 3 {
        return Err("it is too large".to_owned());
    }
    let is_grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let (space, channels) = if is_grey { (ColorSpace::Luma, 1) } else { (ColorSpace::RGB, 3) };
    decoder.set_options(most.jpeg_set_out_colorspace(space));
    let pixels = decoder.decode().map_err(|e| e.to_string())?;
    Ok(Picture { size: [height, width, channels], pixels })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(height: usize, width: usize, pixels: &[u8]) -> Picture {
        Picture { size: [height, width, 1], pixels: pixels.to_vec() }
    }

    #[test]
    fn the_middle_square_is_brought_to_a_size_by_means() {
        // The outer columns are cut off; each pixel is the mean of four.
        let wide = grey(2, 4, &[9, 10, 20, 9, 9, 30, 40, 9]);
        assert_eq!(resized(&wide, 1).pixels, [25]);
        assert_eq!(resized(&wide, 2).pixels, [10, 20, 30, 40]);
        // Three to two: the middle one is shared.
        let three = grey(3, 3, &[0, 60, 120, 0, 60, 120, 0, 60, 120]);
        assert_eq!(resized(&three, 2).pixels, [20, 100, 20, 100]);
        assert_eq!(resized(&wide, 4).pixels[..4], [10, 10, 20, 20]);
    }

    #[test]
    fn colours_are_kept_apart() {
        let pixels = vec![10, 20, 30, 50, 60, 70, 10, 20, 30, 50, 60, 70];
        let red_first = Picture { size: [2, 2, 3], pixels };
        assert_eq!(resized(&red_first, 1).pixels, [30, 40, 50]);
    }
}
