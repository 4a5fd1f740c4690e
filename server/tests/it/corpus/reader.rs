//! Reads a gateway's answers as strictly as they can be read: what is not whole, or is framed in two ways, is an error.

/// An answer.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// It says that the connection is closed after it.
    pub closes: bool,
    pub body: Vec<u8>,
}

/// The final answers in a stream of bytes. `first_is_head`: the first one answers a HEAD.
pub fn responses(mut bytes: &[u8], first_is_head: bool) -> Result<Vec<Response>, String> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let end = memchr::memmem::find(bytes, b"\r\n\r\n").ok_or("half a head")?;
        let head = std::str::from_utf8(&bytes[..end]).map_err(|error| error.to_string())?;
        bytes = &bytes[end + 4..];
        let mut lines = head.split("\r\n");
        let status = status_of(lines.next().unwrap_or_default())?;
        let mut fields = Vec::new();
        for line in lines {
            let (name, value) = line.split_once(": ").ok_or(format!("no field: {line}"))?;
            fields.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        if (100..200).contains(&status) {
            continue;
        }
        let values = |name: &str| -> Vec<&str> {
            let found = fields.iter().filter(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str()).collect()
        };
        let bodiless = (first_is_head && all.is_empty()) || status == 204 || status == 304;
        let body = match (&values("content-length")[..], &values("transfer-encoding")[..]) {
            _ if bodiless => Vec::new(),
            ([length], []) => {
                let length: usize = length.parse().map_err(|_| format!("length {length}"))?;
                let body = bytes.get(..length).ok_or("a truncated body")?.to_vec();
                bytes = &bytes[length..];
                body
            }
            ([], ["chunked"]) => {
                let (body, rest) = unchunk(bytes)?;
                bytes = rest;
                body
            }
            framing => return Err(format!("framed as {framing:?}")),
        };
        let closes = values("connection")
            .iter()
            .any(|value| value.eq_ignore_ascii_case("close"));
        all.push(Response { status, closes, body });
    }
    Ok(all)
}

fn status_of(line: &str) -> Result<u16, String> {
    let rest = line
        .strip_prefix("HTTP/1.1 ")
        .or_else(|| line.strip_prefix("HTTP/1.0 "));
    let digits = rest
        .and_then(|rest| rest.get(..3))
        .ok_or(format!("no status line: {line}"))?;
    digits.parse().map_err(|_| format!("no status: {line}"))
}

/// The content of a chunked body, and what comes after it.
pub fn unchunk(mut bytes: &[u8]) -> Result<(Vec<u8>, &[u8]), String> {
    let mut body = Vec::new();
    loop {
        let end = memchr::memmem::find(bytes, b"\r\n").ok_or("half a chunk size")?;
        let size = std::str::from_utf8(&bytes[..end]).map_err(|error| error.to_string())?;
        if size.is_empty() || !size.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(format!("chunk size {size:?}"));
        }
        let size = usize::from_str_radix(size, 16).map_err(|error| error.to_string())?;
        bytes = &bytes[end + 2..];
        if size == 0 {
            break;
        }
        body.extend_from_slice(bytes.get(..size).ok_or("half a chunk")?);
        bytes = bytes[size..].strip_prefix(b"\r\n").ok_or("no end of a chunk")?;
    }
    loop {
        let end = memchr::memmem::find(bytes, b"\r\n").ok_or("half a trailer")?;
        let line = &bytes[..end];
        bytes = &bytes[end + 2..];
        if line.is_empty() {
            return Ok((body, bytes));
        }
    }
}
