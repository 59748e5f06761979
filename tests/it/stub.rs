//! A server on loopback that answers as a script says: well, slowly, in part, or not at all.

use std::collections::BTreeMap;
use std::io::{BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A request as it was seen.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: Instant,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub text: String,
    pub body: Value,
}

impl Seen {
    /// Who is asked for: `expand`, or the persona's id.
    pub fn who(&self) -> &'static str {
        let asks = |words: &str| self.text.contains(words);
        let personas = [
            ("You are Architect on", "architect"),
            ("You are Critic on", "critic"),
            ("You are Optimist on", "optimist"),
            ("You are SecurityGuardian on", "security_guardian"),
            ("You are UserAdvocate on", "user_advocate"),
        ];
        personas.into_iter().find(|(words, _)| asks(words)).map_or("expand", |(_, id)| id)
    }

    /// The text of the last turn.
    pub fn last_turn(&self) -> String {
        let turns = self.body.get("input").or_else(|| self.body.get("messages")).unwrap();
        turns.as_array().unwrap().last().unwrap()["content"].as_str().unwrap().to_owned()
    }
}

/// What is sent back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Wait so long before the first byte.
    pub after: Duration,
    /// Close the connection after so many bytes of the body.
    pub cut: Option<usize>,
    /// Send the body in pieces of this many bytes, with a pause between them.
    pub drip: Option<(usize, Duration)>,
    /// Close without a word.
    pub silent: bool,
}

impl Reply {
    pub fn raw(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.into(),
            after: Duration::ZERO,
            cut: None,
            drip: None,
            silent: false,
        }
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::raw(status, body.to_string())
    }

    /// An error in the shape that most servers give it.
    pub fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"error": {"message": message, "type": "t", "param": null, "code": null}}))
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn after(self, wait: Duration) -> Self {
        Self { after: wait, ..self }
    }
}

/// The answer of a model with this text, in the shape of whatever was asked.
pub fn says(seen: &Seen, text: &str) -> Reply {
    let model = format!("{}-2026", seen.body["model"].as_str().unwrap_or("none"));
    Reply::json(
        200,
        &match seen.path.as_str() {
            "/v1/responses" => json!({
                "id": "resp_1", "object": "response", "created_at": 1_760_000_000, "status": "completed", "model": model,
                "output": [
                    {"type": "reasoning", "id": "rs_1", "summary": []},
                    {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                     "content": [{"type": "output_text", "text": text, "annotations": []}]},
                ],
                "usage": {"input_tokens": 900, "input_tokens_details": {"cached_tokens": 100}, "output_tokens": 100, "total_tokens": 1000},
            }),
            "/v1/messages" => json!({
                "id": "msg_1", "type": "message", "role": "assistant", "model": model,
                "content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
                "usage": {"input_tokens": 700, "cache_read_input_tokens": 200, "output_tokens": 100},
            }),
            _ => json!({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1_760_000_000, "model": model,
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
                "usage": {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000},
            }),
        },
    )
}

/// A proposal as a model writes it.
pub fn proposal() -> Value {
    json!({
        "title": "A title", "summary": "A summary.", "problem_statement": "A problem.",
        "proposed_solution": "A solution.", "assumptions": ["An assumption."], "scope_non_goals": [],
    })
}

/// A review as a model writes it.
pub fn review(score: u32) -> Value {
    json!({
        "analysis": "One after the other.", "strengths": ["A strength."], "blocking_issues": [],
        "concerns": [{"text": "A concern.", "quotes": ["Today the accountants copy invoices by hand"]}],
        "recommendations": ["A recommendation."], "dependency_risks": [], "estimated_effort": "A week.", "score": score,
    })
}

/// What a model answers that does as it is told.
pub fn good(seen: &Seen) -> Reply {
    let answer = if seen.who() == "expand" { proposal() } else { review(8500) };
    says(seen, &answer.to_string())
}

/// A server that is running; it ends with the test.
pub struct Stub {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Stub {
    /// Answers each request as `script` says, which is told how many came before it from the same step.
    pub fn new(script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::with_book(Some(Arc::default()), script)
    }

    fn with_book(
        book: Option<Arc<Mutex<Vec<Seen>>>>,
        script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, script) = (book.clone().unwrap_or_default(), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (book, script) = (book.clone(), Arc::clone(&script));
                thread::spawn(move || serve(&stream, book.as_deref(), &*script));
            }
        });
        Self { port, seen }
    }

    /// Answers each request as `script` says and keeps no book of them: for so many that it would be in the way.
    #[allow(dead_code, reason = "a bench has so many, the tests have not")]
    pub fn forgetful(script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::with_book(None, script)
    }

    /// Answers everything as a good model would.
    pub fn good() -> Self {
        Self::new(|seen, _| good(seen))
    }

    /// The base address for `openai` and `chat`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// The base address for `anthropic`.
    pub fn root(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every request so far, in the order in which they came.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Those of one step.
    pub fn seen_of(&self, who: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.who() == who).collect()
    }
}

fn serve(stream: &TcpStream, book: Option<&Mutex<Vec<Seen>>>, script: &dyn Fn(&Seen, usize) -> Reply) {
    // As servers do: what is written in pieces is not held back until the first is acknowledged.
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    while let Some(seen) = request(&mut reader) {
        let before = book.map_or(0, |book| {
            let mut book = book.lock().unwrap();
            let before = book.iter().filter(|other| other.who() == seen.who()).count();
            book.push(seen.clone());
            before
        });
        let reply = script(&seen, before);
        thread::sleep(reply.after);
        if reply.silent || respond(stream, &reply).is_none() {
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
    }
}

fn request(reader: &mut impl std::io::BufRead) -> Option<Seen> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let text = String::from_utf8(body).ok()?;
    let body = serde_json::from_str(&text).ok()?;
    Some(Seen { at: Instant::now(), path, headers, text, body })
}

/// Sends a reply; none where the connection is to be closed after it.
fn respond(mut stream: &TcpStream, reply: &Reply) -> Option<()> {
    let mut head = format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\n", reply.status, reply.body.len());
    for (name, value) in &reply.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    stream.write_all((head + "\r\n").as_bytes()).ok()?;
    let body = &reply.body[..reply.cut.unwrap_or(reply.body.len())];
    let (piece, pause) = reply.drip.unwrap_or((body.len().max(1), Duration::ZERO));
    for part in body.chunks(piece) {
        stream.write_all(part).ok()?;
        stream.flush().ok()?;
        thread::sleep(pause);
    }
    reply.cut.is_none().then_some(())
}
