//! The program under test: a child that is asked line by line, and may hang, die, flood or talk nonsense.

use super::{Answer, Cancel, Request};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The longest answer, in bytes with its end: no operation gives back more than twice this in digits.
const LONGEST: u64 = 1 << 20;
/// What is kept of the words on the target's standard error, in bytes from the end.
const SAID: usize = 1024;
/// How long an ended child may take until its status is known.
const GRACE: Duration = Duration::from_millis(500);

/// What a target did instead of answering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing came within the time.
    Silent,
    /// It ended, or closed its output: how, and the last that it said on standard error.
    Ended(String, String),
    /// A line that is no answer; its start.
    NotAnAnswer(String),
    /// A line that does not end.
    TooLong,
    /// A line that nobody asked for; its start.
    Unasked(String),
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Stop {
    /// A finding about the target. It was ended and is started again for the next question.
    Trouble(Trouble),
    /// The run was broken off.
    Cancelled,
    /// The command cannot be started.
    NotStarted(io::Error),
}

/// A command that is started when it is first asked, and again after trouble.
pub struct Target {
    command: Vec<String>,
    timeout: Duration,
    cancel: Cancel,
    running: Option<Running>,
}

struct Running {
    child: Child,
    requests: Sender<String>,
    events: Receiver<Event>,
    errors: JoinHandle<Vec<u8>>,
}

enum Event {
    /// The next request is written from now on.
    Sent(Instant),
    Line(Instant, Vec<u8>),
    /// What came right behind a line: nothing can have been asked between them.
    Unasked(Vec<u8>),
    TooLong,
    /// Nothing more can come.
    End,
}

impl Target {
    /// `command` is a program and its words; each answer may take `timeout`.
    pub fn new(command: Vec<String>, timeout: Duration, cancel: Cancel) -> Target {
        Target { command, timeout, cancel, running: None }
    }

    /// Asks. The time is from the first byte written to the end of the answer, with the pipes between.
    ///
    /// # Errors
    /// [`Stop`].
    pub fn ask(&mut self, request: &Request) -> Result<(Answer, Duration), Stop> {
        if self.cancel.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        let mut running = match self.running.take() {
            Some(running) => running,
            None => Running::start(&self.command).map_err(Stop::NotStarted)?,
        };
        let told = running.ask(request, self.timeout, &self.cancel)?;
        self.running = Some(running);
        Ok(told)
    }
}

impl Running {
    fn start(command: &[String]) -> io::Result<Running> {
        let (program, words) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Its own group: a Ctrl-C at the terminal is for this program, and is no finding about the target.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let (requests, to_write) = channel::<String>();
        // Bounded: who floods waits in its own pipe.
        let (tell, events) = sync_channel(16);
        if let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) {
            let sent = tell.clone();
            // Its own thread, because a target that does not read must not stop the run.
            thread::spawn(move || {
                for line in to_write {
                    let written =
                        sent.send(Event::Sent(Instant::now())).is_ok() && stdin.write_all(line.as_bytes()).is_ok();
                    if !written || stdin.flush().is_err() {
                        return;
                    }
                }
            });
            thread::spawn(move || listen(stdout, &tell));
        }
        let stderr = child.stderr.take();
        let errors = thread::spawn(move || last_words(stderr));
        Ok(Running { child, requests, events, errors })
    }

    fn ask(&mut self, request: &Request, timeout: Duration, cancel: &Cancel) -> Result<(Answer, Duration), Stop> {
        while let Ok(event) = self.events.try_recv() {
            match event {
                Event::Sent(_) => {}
                Event::End => return Err(Stop::Trouble(self.ended())),
                Event::Line(_, line) | Event::Unasked(line) => {
                    return Err(Stop::Trouble(Trouble::Unasked(start(&line))));
                }
                Event::TooLong => return Err(Stop::Trouble(Trouble::TooLong)),
            }
        }
        // A writer that is gone means a target that is gone: the events say so.
        let _ = self.requests.send(format!("{request}\n"));
        let until = Instant::now() + timeout;
        let mut sent = None;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left.min(Duration::from_millis(100))) {
                Ok(Event::Sent(at)) => sent = Some(at),
                Ok(Event::Line(at, line)) => {
                    let Some(sent) = sent else { return Err(Stop::Trouble(Trouble::Unasked(start(&line)))) };
                    let answer = std::str::from_utf8(&line).ok().and_then(Answer::read);
                    let answer = answer.ok_or_else(|| Stop::Trouble(Trouble::NotAnAnswer(start(&line))))?;
                    return Ok((answer, at.saturating_duration_since(sent)));
                }
                Ok(Event::Unasked(line)) => return Err(Stop::Trouble(Trouble::Unasked(start(&line)))),
                Ok(Event::TooLong) => return Err(Stop::Trouble(Trouble::TooLong)),
                Ok(Event::End) | Err(RecvTimeoutError::Disconnected) => return Err(Stop::Trouble(self.ended())),
                Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => return Err(Stop::Cancelled),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Err(Stop::Trouble(Trouble::Silent)),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn ended(&mut self) -> Trouble {
        let until = Instant::now() + GRACE;
        loop {
            let status = self.child.try_wait().ok().flatten();
            if status.is_some() && self.errors.is_finished() || Instant::now() > until {
                let said = if self.errors.is_finished() {
                    std::mem::replace(&mut self.errors, thread::spawn(Vec::new)).join().unwrap_or_default()
                } else {
                    Vec::new()
                };
                let how = status.map_or_else(|| "stdout closed".into(), |status| status.to_string());
                return Trouble::Ended(how, start(&said));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // With all that it started: an adapter's own child may be what hangs. One that has ended already is no failure.
        #[cfg(unix)]
        let _ = rustix::process::kill_process_group(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::KILL,
        );
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(stdout: impl Read, tell: &SyncSender<Event>) {
    let mut reader = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        let event = match (read, line.pop()) {
            (Ok(_), Some(b'\n')) => {
                line.pop_if(|last| *last == b'\r');
                match reader.buffer() {
                    [] => Event::Line(Instant::now(), line),
                    behind => Event::Unasked(behind.split(|&byte| byte == b'\n').next().unwrap_or_default().to_vec()),
                }
            }
            (Ok(_), Some(_)) if line.len() as u64 + 1 == LONGEST => Event::TooLong,
            // The end, perhaps in the middle of a line.
            _ => Event::End,
        };
        let over = !matches!(event, Event::Line(..));
        if tell.send(event).is_err() || over {
            return;
        }
    }
}

fn last_words(stderr: Option<impl Read>) -> Vec<u8> {
    let mut last = Vec::new();
    let Some(mut stderr) = stderr else { return last };
    let mut piece = [0; SAID];
    while let Ok(count @ 1..) = stderr.read(&mut piece) {
        last.extend_from_slice(piece.get(..count).unwrap_or_default());
        last.drain(..last.len().saturating_sub(SAID));
    }
    last
}

/// The start of what a target said, safe for a terminal.
fn start(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let kept: String = text.trim_end().chars().take(SAID).collect();
    kept.lines().map(|line| line.escape_debug().to_string()).collect::<Vec<_>>().join(" | ")
}
