//! Upstreams that speak HTTP/1.1, or do not.

use super::{Again, Broken, Error, Fault, Whole, ask, fault, impatient, judge, report};
use crate::support::upstream::{Act, Upstream};
use Does::{Floods, Refuses, Sends, SendsAndCloses, SendsAndHangs, SendsAndResets, SendsLong, SendsMany};

/// What the upstream does with the first request; further ones it answers well.
#[derive(Clone, Copy)]
pub enum Does {
    /// Nobody is there.
    Refuses,
    /// Sends these bytes, and listens on.
    Sends(&'static str),
    /// Sends these bytes, and closes.
    SendsAndCloses(&'static str),
    /// Sends these bytes, and breaks the connection off.
    SendsAndResets(&'static str),
    /// Sends these bytes, and then nothing.
    SendsAndHangs(&'static str),
    /// A field of half a megabyte.
    SendsLong,
    /// Thousands of fields.
    SendsMany,
    /// Thousands of interim answers.
    Floods,
}

pub const FAULTS: &[Fault<Does>] = &[
    // No answer.
    fault("refuses the connection", "9110 15.6.3", Refuses, Error(502, "upstream_unreachable"), "upstream_error"),
    fault("resets the connection at once", "9112 9.5", SendsAndResets(""), Error(502, "upstream_unreachable"), "upstream_error"),
    fault("closes without a byte", "9112 9.5", SendsAndCloses(""), Error(502, "upstream_unreachable"), "upstream_error"),
    fault("closes without a byte, and a GET is asked again", "9110 9.2.2", SendsAndCloses(""), Again, "ok").asked_by("GET").reusable(),
    fault("resets, and a GET is asked again", "9110 9.2.2", SendsAndResets(""), Again, "ok").asked_by("GET").reusable(),
    fault("never answers", "9110 15.6.5", SendsAndHangs(""), Error(504, "upstream_timeout"), "timeout"),
    fault("sends half a status line", "9112 4", SendsAndCloses("HTTP/1.1 200"), Error(502, "upstream_unreachable"), "upstream_error"),
    fault("sends half a head and closes", "9112 2.2", SendsAndCloses("HTTP/1.1 200 OK\r\nContent-Le"), Error(502, "upstream_unreachable"), "upstream_error"),
    fault("sends half a head and resets", "9112 2.2", SendsAndResets("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"), Error(502, "upstream_unreachable"), "upstream_error"),
    fault("sends half a head and stalls", "9110 15.6.5", SendsAndHangs("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"), Error(504, "upstream_timeout"), "timeout"),
    // Heads that are none.
    fault("speaks another protocol", "9112 4", Sends("SSH-2.0-OpenSSH_9.2\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends random bytes", "9112 4", Sends("\0\x01\x02\x7f\x03evil\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("answers with HTML alone", "9112 4", SendsAndCloses("<html>evil</html>\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends a status of two digits", "9112 4", Sends("HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends a status of four digits", "9112 4", Sends("HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends a status that is a word", "9112 4", Sends("HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends a status below all", "9110 15", Sends("HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends a version that there is not", "9112 2.3", Sends("HTTP/3.7 200 OK\r\nContent-Length: 0\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends a field without a colon", "9112 5", Sends("HTTP/1.1 200 OK\r\nX-evil\r\nContent-Length: 0\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends a blank before a colon", "9112 5.1", Sends("HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends a folded line", "9112 5.2", Sends("HTTP/1.1 200 OK\r\nX-A: 1\r\n Set-Cookie: evil\r\nContent-Length: 0\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends a bare carriage return in a field", "9112 2.2", Sends("HTTP/1.1 200 OK\r\nX-A: 1\rSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends NUL in a field", "9110 5.5", Sends("HTTP/1.1 200 OK\r\nX-A: evil\0\r\nContent-Length: 0\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends a field without an end", "9110 5.4", SendsLong, Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends more fields than anybody needs", "9110 5.4", SendsMany, Error(502, "upstream_malformed"), "upstream_error"),
    // Framing.
    fault("sends two lengths that differ", "9112 6.3", Sends("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends a length that is none", "9112 6.3", Sends("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nevil"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends a length and chunks", "9112 6.3", Sends("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends a coding that nobody knows", "9112 6.1", SendsAndCloses("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nevil"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("promises more than it sends", "9112 8", SendsAndCloses("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"), Broken(200, "only this"), "upstream_error"),
    fault("promises more, and resets", "9112 8", SendsAndResets("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"), Broken(200, "only this"), "upstream_error"),
    fault("sends more than it promised", "9112 9.2", Sends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nSet-Cookie: evil\r\nContent-Length: 0\r\n\r\n"), Whole(200, "ok"), "ok"),
    fault("sends a chunk size that is none", "9112 7.1", Sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nxyz\r\nevil"), Broken(200, "ok"), "upstream_error"),
    fault("sends a chunk that is longer than it says", "9112 7.1", Sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokXX0\r\n\r\n"), Broken(200, "ok"), "upstream_error"),
    fault("cuts a chunk", "9112 8", SendsAndCloses("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal"), Broken(200, "hal"), "upstream_error"),
    fault("leaves out the last chunk", "9112 8", SendsAndCloses("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"), Broken(200, "ok"), "upstream_error"),
    fault("sends bytes after the last chunk", "9112 9.2", Sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nevil"), Whole(200, "ok"), "ok"),
    fault("ends an unframed body by a reset", "9112 6.3 rule 8", SendsAndResets("HTTP/1.1 200 OK\r\n\r\nonly this"), Broken(200, "only this"), "upstream_error"),
    fault("ends an unframed body by closing", "9112 6.3 rule 8", SendsAndCloses("HTTP/1.1 200 OK\r\n\r\nall of it"), Whole(200, "all of it"), "ok"),
    fault("sends a body with 204", "9110 15.3.5", Sends("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil"), Whole(204, ""), "ok"),
    fault("sends a body with 304", "9110 15.4.5", Sends("HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil"), Whole(304, ""), "ok"),
    fault("sends a body after HEAD", "9110 9.3.2", Sends("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"), Whole(200, ""), "ok").asked_by("HEAD"),
    // Interim answers.
    fault("switches protocols unasked", "9110 15.2.2", Sends("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: evil\r\n\r\n"), Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends an interim answer and closes", "9110 15.2", SendsAndCloses("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), Error(502, "upstream_unreachable"), "upstream_error"),
    fault("floods with interim answers", "9110 15.2", Floods, Error(502, "upstream_malformed"), "upstream_error"),
    fault("sends an interim answer with a length", "9110 15.2", Sends("HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), Whole(200, "ok"), "ok").reusable(),
    // Bodies that stop, or are not what they say.
    fault("stalls in the middle of a body", "9110 15.6.5", SendsAndHangs("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"), Broken(200, "only this"), "timeout"),
    fault("cuts an event", "9112 8", SendsAndCloses("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n15\r\ndata: {\"a\":1}\n\ndata: \r\n"), Broken(200, "data: "), "upstream_error"),
    fault("stalls between two events", "9110 15.6.5", SendsAndHangs("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"), Broken(200, "data: 1"), "timeout"),
    fault("says gzip and means text", "9110 8.4", Sends("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}"), Whole(200, "{\"a\":1}"), "ok").reusable(),
    fault("says JSON and means nonsense", "9110 8.3", Sends("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{]}"), Whole(200, "{]}"), "ok").reusable(),
    // Connections.
    fault("says that it closes", "9112 9.6", SendsAndCloses("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"), Whole(200, "ok"), "ok"),
    fault("says that it closes, and does not", "9112 9.6", Sends("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"), Whole(200, "ok"), "ok"),
    fault("closes without saying so", "9112 9.5", SendsAndCloses("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), Whole(200, "ok"), "ok"),
    fault("resets after a whole answer", "9112 9.5", SendsAndResets("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), Whole(200, "ok"), "ok"),
    fault("answers in HTTP/1.0", "9112 C.2.2", SendsAndCloses("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), Whole(200, "ok"), "ok"),
    fault("answers in HTTP/1.0 and keeps open", "9112 C.2.2", Sends("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), Whole(200, "ok"), "ok"),
];

fn act(does: Does) -> Option<Act> {
    let owned = str::to_owned;
    Some(match does {
        Refuses => return None,
        Sends(bytes) => Act::Answer(owned(bytes)),
        SendsAndCloses(bytes) => Act::AnswerAndClose(owned(bytes)),
        SendsAndResets("") => Act::Reset,
        SendsAndResets(bytes) => Act::AnswerAndReset(owned(bytes)),
        SendsAndHangs(bytes) => Act::AnswerAndHang(owned(bytes)),
        SendsLong => Act::Answer(format!("HTTP/1.1 200 OK\r\nX-Evil: {}", "a".repeat(500_000))),
        SendsMany => Act::Answer(format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Evil: 1\r\n".repeat(5_000))),
        Floods => Act::Answer("HTTP/1.1 103 Early Hints\r\nX-Evil: 1\r\n\r\n".repeat(5_000)),
    })
}

#[tokio::test]
async fn an_upstreams_fault_is_told_apart_from_an_answer() {
    let mut wrong = Vec::new();
    for fault in FAULTS {
        let act = act(fault.does);
        let refuses = act.is_none();
        let upstream = if refuses {
            Upstream::down()
        } else {
            Upstream::doing(act)
        };
        let gateway = impatient(upstream.host(), "http").await;
        let heard = ask(&gateway, fault.method).await;
        let record = gateway.records(1).await.swap_remove(0);
        let seen = upstream.seen();
        let asked = seen.iter().filter(|seen| seen.line.contains("/fault")).count();
        let verdict = if refuses {
            // The next request on the connection hears the same.
            let errors = crate::corpus::reader::responses(&heard, false);
            match errors {
                Ok(errors) if !errors.is_empty() && errors.iter().all(|error| error.status == 502) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        } else if fault.method == "POST" && asked != 1 {
            Err(format!("asked {asked} times"))
        } else if !fault.reusable && seen.iter().skip(1).any(|after| after.connection == seen[0].connection) {
            Err("the connection was used again".to_owned())
        } else {
            judge(fault, &heard, &record)
        };
        wrong.extend(verdict.err().map(|reason| (fault, reason, heard)));
        gateway.finish().await;
    }
    report(wrong);
}
