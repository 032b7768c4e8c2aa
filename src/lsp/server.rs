use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::io;
use std::io::BufRead;
use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;
use std::path::PathBuf;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Instant;

use lsp_server::ErrorCode;
use lsp_server::Message;
use lsp_server::Notification;
use lsp_server::Request;
use lsp_server::RequestId;
use lsp_server::Response;
use lsp_types::DidChangeTextDocumentParams;
use lsp_types::DidCloseTextDocumentParams;
use lsp_types::DidOpenTextDocumentParams;
use lsp_types::InitializeParams;
use lsp_types::PublishDiagnosticsParams;
use lsp_types::Uri;
use lsp_types::notification::Notification as _;
use lsp_types::request::Request as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;

use super::capabilities::capabilities;
use super::client::Client;
use super::debounce::Debounce;
use super::documents::Documents;
use super::faults;
use super::faults::Files as _;
use super::fixes::Versions as _;
use super::uri::Root;
use super::uri::path_of;
use super::view::View;
use super::wire;
use super::wire::Incoming;
use super::workspace::Workspace;
use crate::catalog::Setting;

/// How the server is started.
pub(crate) struct Options {
    /// The folder that holds `policies/` and `scripts/`; `None` leaves it to the editor.
    pub(crate) dir: Option<PathBuf>,
    /// For what the policies are checked, asked anew with each load, since days pass while an editor is open.
    pub(crate) setting: Box<dyn Fn() -> Setting>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The client said goodbye.
    Properly,
    /// The client went without a word, or in the middle of one.
    Abruptly,
}

/// Serves one editor until it goes.
///
/// # Errors
/// When the client can't be written to, or sends what is no frame of the protocol.
pub(crate) fn serve(
    options: Options,
    mut input: impl BufRead + Send + 'static,
    output: impl Write,
) -> io::Result<Ended> {
    let (sender, receiver) = mpsc::channel();
    // Reads on while the server works, so that a client that writes much is never kept waiting. It ends with the
    // stream, or with the process.
    std::thread::spawn(move || {
        while let Some(incoming) = wire::read(&mut input).transpose() {
            let is_last = incoming.is_err();
            if sender.send(incoming).is_err() || is_last {
                return;
            }
        }
    });
    Server {
        output,
        options,
        stage: Stage::Fresh,
        client: Client::default(),
        workspace: Workspace::new(Root::new(PathBuf::from("."))),
        documents: Documents::default(),
        debounce: Debounce::default(),
        published: BTreeMap::new(),
        told_trouble: None,
        requests: 0,
    }
    .run(&receiver)
}

pub(super) struct Server<W> {
    output: W,
    options: Options,
    stage: Stage,
    pub(super) client: Client,
    pub(super) workspace: Workspace,
    pub(super) documents: Documents,
    pub(super) debounce: Debounce,
    /// What the editor shows now, by file.
    published: BTreeMap<String, Vec<lsp_types::Diagnostic>>,
    told_trouble: Option<String>,
    requests: i32,
}

/// How far the conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nobody has introduced themselves.
    Fresh,
    Running,
    /// The client is about to go.
    Stopped,
}

/// Why a request has no answer.
pub(super) struct Refusal {
    code: ErrorCode,
    why: String,
}

pub(super) type Answer = Result<Value, Refusal>;

impl<W: Write> Server<W> {
    fn run(mut self, receiver: &Receiver<io::Result<Incoming>>) -> io::Result<Ended> {
        let mut queue: VecDeque<Incoming> = VecDeque::new();
        loop {
            if self
                .debounce
                .rest(Instant::now())
                .is_some_and(|rest| rest.is_zero())
            {
                self.publish()?;
            }
            let next = match queue.pop_front() {
                Some(next) => next,
                None => match self.wait(receiver) {
                    Waited::Came(next) => next?,
                    Waited::Nothing => continue,
                    Waited::Gone => return Ok(Ended::Abruptly),
                },
            };
            // All that has arrived, so that a cancellation is seen before what it cancels is done.
            while let Ok(more) = receiver.try_recv() {
                queue.push_back(more?);
            }
            match next {
                Incoming::Unreadable { code, why } => wire::write_unreadable(&mut self.output, code, why)?,
                Incoming::Message(Message::Request(request)) => {
                    let is_cancelled = queue.iter().any(|later| cancels(later, &request.id));
                    self.request(request, is_cancelled)?;
                }
                Incoming::Message(Message::Notification(notification)) => {
                    if notification.method == lsp_types::notification::Exit::METHOD {
                        return Ok(match self.stage {
                            Stage::Stopped => Ended::Properly,
                            Stage::Fresh | Stage::Running => Ended::Abruptly,
                        });
                    }
                    self.notification(notification)?;
                }
                // The answer to our one kind of request says nothing that is needed.
                Incoming::Message(Message::Response(_)) => {}
            }
        }
    }

    fn wait(&self, receiver: &Receiver<io::Result<Incoming>>) -> Waited {
        let waited = match self.debounce.rest(Instant::now()) {
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(rest) => receiver.recv_timeout(rest),
        };
        match waited {
            Ok(next) => Waited::Came(next),
            Err(RecvTimeoutError::Timeout) => Waited::Nothing,
            Err(RecvTimeoutError::Disconnected) => Waited::Gone,
        }
    }

    fn request(&mut self, request: Request, is_cancelled: bool) -> io::Result<()> {
        let id = request.id.clone();
        let answer = if is_cancelled {
            Err(Refusal::new(ErrorCode::RequestCanceled, "cancelled"))
        } else {
            // A fault of ours costs one answer and not the session.
            catch_unwind(AssertUnwindSafe(|| self.answer(request)))
                .unwrap_or_else(|_| Err(Refusal::new(ErrorCode::InternalError, "a fault inside midflow")))
        };
        let response = match answer {
            Ok(value) => Response::new_ok(id, value),
            #[expect(
                clippy::as_conversions,
                reason = "the number of an error code is its discriminant"
            )]
            Err(refusal) => Response::new_err(id, refusal.code as i32, refusal.why),
        };
        wire::write(&mut self.output, &response.into())
    }

    fn answer(&mut self, request: Request) -> Answer {
        use lsp_types::request as known;

        let Request { method, params, .. } = request;
        match (self.stage, method.as_str()) {
            (Stage::Fresh, known::Initialize::METHOD) => self.initialize(read(params)?),
            (Stage::Fresh, _) => Err(Refusal::new(
                ErrorCode::ServerNotInitialized,
                "`initialize` comes first",
            )),
            (Stage::Stopped, _) => Err(Refusal::new(
                ErrorCode::InvalidRequest,
                "the server was shut down",
            )),
            (Stage::Running, known::Initialize::METHOD) => {
                Err(Refusal::new(ErrorCode::InvalidRequest, "`initialize` comes once"))
            }
            (Stage::Running, method) => match method {
                known::Shutdown::METHOD => {
                    self.stage = Stage::Stopped;
                    Ok(Value::Null)
                }
                known::Completion::METHOD => self.completion(&read(params)?),
                known::HoverRequest::METHOD => self.hover(&read(params)?),
                known::GotoDefinition::METHOD => self.definition(&read(params)?),
                known::CodeActionRequest::METHOD => self.actions(&read(params)?),
                known::DocumentSymbolRequest::METHOD => self.symbols(&read(params)?),
                known::Formatting::METHOD => self.formatting(&read(params)?),
                _ => Err(Refusal::new(
                    ErrorCode::MethodNotFound,
                    format!("`{method}` is not offered"),
                )),
            },
        }
    }

    fn notification(&mut self, notification: Notification) -> io::Result<()> {
        use lsp_types::notification as known;

        if self.stage != Stage::Running {
            return Ok(());
        }
        let Notification { method, params } = notification;
        match method.as_str() {
            known::Initialized::METHOD => {
                self.watch_files()?;
                return self.publish();
            }
            known::DidOpenTextDocument::METHOD => {
                if let Ok(opened) = read::<DidOpenTextDocumentParams>(params) {
                    self.find_folder(&opened.text_document.uri);
                    self.documents.open(opened.text_document);
                    self.workspace.files_changed();
                }
            }
            known::DidChangeTextDocument::METHOD => {
                if let Ok(change) = read::<DidChangeTextDocumentParams>(params) {
                    self.documents.change(&change, self.client.encoding);
                }
            }
            known::DidCloseTextDocument::METHOD => {
                if let Ok(closed) = read::<DidCloseTextDocumentParams>(params) {
                    self.documents.close(&closed.text_document.uri);
                    self.workspace.files_changed();
                }
            }
            known::DidSaveTextDocument::METHOD | known::DidChangeWatchedFiles::METHOD => {
                self.workspace.files_changed();
            }
            _ => return Ok(()),
        }
        self.workspace.texts_changed();
        self.debounce.touch(Instant::now());
        Ok(())
    }

    #[expect(clippy::needless_pass_by_value, reason = "read for this and nothing else")]
    fn initialize(&mut self, params: InitializeParams) -> Answer {
        self.client = Client::of(&params);
        self.workspace = Workspace::new(Root::new(self.folder()));
        self.stage = Stage::Running;
        Ok(json!({
            "capabilities": written(&capabilities(&self.client))?,
            "serverInfo": { "name": "midflow", "version": env!("CARGO_PKG_VERSION") },
        }))
    }

    /// The folder that was named, or that of the editor's which holds policies, or where the server was started.
    fn folder(&self) -> PathBuf {
        if let Some(dir) = &self.options.dir {
            return dir.clone();
        }
        let has_policies = |folder: &&PathBuf| folder.join("policies").is_dir();
        let folders = &self.client.folders;
        let here = PathBuf::from(".");
        let best = folders.iter().find(has_policies);
        best.or_else(|| Some(&here).filter(has_policies))
            .or_else(|| folders.first())
            .unwrap_or(&here)
            .clone()
    }

    /// Where the editor opened a folder around ours, the first file tells which one it is.
    fn find_folder(&mut self, uri: &Uri) {
        if self.options.dir.is_some() || self.workspace.has_policies() {
            return;
        }
        let path = path_of(uri);
        let above = path.iter().flat_map(|path| path.ancestors());
        let folder = above
            .filter(|folder| folder.ends_with("policies") || folder.ends_with("scripts"))
            .filter_map(Path::parent)
            .find(|folder| folder.join("policies").is_dir());
        if let Some(folder) = folder {
            self.workspace = Workspace::new(Root::new(folder.to_path_buf()));
        }
    }

    /// Asks to be told of files that change on disk.
    fn watch_files(&mut self) -> io::Result<()> {
        if !self.client.watches_files {
            return Ok(());
        }
        self.requests += 1;
        let watchers = ["**/policies/**", "**/scripts/**"].map(|glob| json!({ "globPattern": glob }));
        let request = Request::new(
            RequestId::from(self.requests),
            lsp_types::request::RegisterCapability::METHOD.to_owned(),
            json!({ "registrations": [{
                "id": "files",
                "method": lsp_types::notification::DidChangeWatchedFiles::METHOD,
                "registerOptions": { "watchers": watchers },
            }] }),
        );
        wire::write(&mut self.output, &request.into())
    }

    /// Loads what the editor holds.
    pub(super) fn load(&mut self) {
        self.debounce.settle();
        let setting = (self.options.setting)();
        let loaded = catch_unwind(AssertUnwindSafe(|| self.workspace.load(&self.documents, setting)));
        if loaded.is_err() {
            // Whatever was half done is done anew.
            self.workspace = Workspace::new(self.workspace.root.clone());
        }
    }

    /// Loads, and tells the editor what has changed of what is wrong.
    fn publish(&mut self) -> io::Result<()> {
        self.load();
        let view = View::of(&mut self.workspace, &self.documents);
        let mut now: BTreeMap<String, Vec<lsp_types::Diagnostic>> = BTreeMap::new();
        for diagnostic in self.workspace.found().iter() {
            if let Some((file, told)) = faults::told(diagnostic, &view, self.client.encoding) {
                now.entry(file).or_default().push(told);
            }
        }
        let mended = self.published.keys().filter(|file| !now.contains_key(*file));
        let changes: Vec<PublishDiagnosticsParams> = now
            .iter()
            .filter(|(file, told)| self.published.get(*file) != Some(told))
            .map(|(file, told)| (file, told.clone()))
            .chain(mended.map(|file| (file, Vec::new())))
            .filter_map(|(file, told)| {
                Some(PublishDiagnosticsParams::new(
                    view.uri(file)?,
                    told,
                    view.version(file),
                ))
            })
            .collect();
        for change in changes {
            let params = serde_json::to_value(change)?;
            self.notify(lsp_types::notification::PublishDiagnostics::METHOD, params)?;
        }
        self.published = now;
        self.tell_trouble()
    }

    /// Says once why the folder can't be read.
    fn tell_trouble(&mut self) -> io::Result<()> {
        let trouble = self.workspace.trouble().map(str::to_owned);
        if trouble == self.told_trouble {
            return Ok(());
        }
        self.told_trouble.clone_from(&trouble);
        match trouble {
            None => Ok(()),
            Some(message) => self.notify(
                lsp_types::notification::ShowMessage::METHOD,
                json!({ "type": 2, "message": format!("midflow: {message}") }),
            ),
        }
    }

    fn notify(&mut self, method: &str, params: Value) -> io::Result<()> {
        let notification = Notification::new(method.to_owned(), params);
        wire::write(&mut self.output, &notification.into())
    }
}

enum Waited {
    Came(io::Result<Incoming>),
    Nothing,
    Gone,
}

impl Refusal {
    fn new(code: ErrorCode, why: impl Into<String>) -> Self {
        Self {
            code,
            why: why.into(),
        }
    }
}

/// Reads what a message brings.
fn read<P: DeserializeOwned>(params: Value) -> Result<P, Refusal> {
    serde_json::from_value(params).map_err(|error| {
        // The reason names the member; it may also repeat what somebody typed, so only its kind is told.
        Refusal::new(
            ErrorCode::InvalidParams,
            format!("unreadable parameters: {:?} error", error.classify()),
        )
    })
}

pub(super) fn written(value: &impl serde::Serialize) -> Answer {
    serde_json::to_value(value)
        .map_err(|_| Refusal::new(ErrorCode::InternalError, "the answer can't be written"))
}

fn cancels(incoming: &Incoming, id: &RequestId) -> bool {
    let Incoming::Message(Message::Notification(notification)) = incoming else {
        return false;
    };
    notification.method == lsp_types::notification::Cancel::METHOD
        && notification
            .params
            .get("id")
            .and_then(|named| serde_json::from_value::<RequestId>(named.clone()).ok())
            .is_some_and(|named| named == *id)
}
