//! Hot reload as administrators and editors do it: files on a real disk, watched by a real watch.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use midflow::engine::EngineEvent;
use midflow::engine::StartFlow;
use midflow::engine::Watch;
use midflow::policy::Then;
use midflow::sandbox::Ending;
use midflow::sandbox::PersonAct;
use midflow::sandbox::StampAlgorithm;
use midflow::words::CivilNo;
use midflow::words::Digest;
use midflow::words::FlowId;
use midflow::words::Outcome;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

use crate::support::full_node::FullNode;
use crate::support::full_node::count;
use crate::support::node::CLIENT;
use crate::support::policy_folder;

// Law 10, issue 2: an edit of YAML or Rhai is active within 300 ms of its saving.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_active_at_once() {
    let desk = Desk::start().await;
    let mut slowest = Duration::ZERO;
    for round in 0..10 {
        let file = if round % 2 == 0 { SERVICE } else { SCRIPT };
        let mark = if round % 2 == 0 { '#' } else { '/' };
        let text = format!("{}\n{mark}{mark} edit {round}\n", desk.read(file));
        let mut events = desk.node.engine.subscribe();
        let begun = Instant::now();
        fs::write(desk.path(file), &text).unwrap();
        desk.activated(&mut events, |_| true).await;
        let took = begun.elapsed();
        println!("{file}: active after {took:?}");
        slowest = slowest.max(took);
        assert_eq!(
            *desk.node.engine.catalog().sources().text(file).unwrap().as_ref(),
            *text
        );
    }
    // The bound is wide: this machine may be busy. On a quiet one it is far below the 300 ms that are promised.
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
}

// Law 10: a bad edit changes nothing and says why; the repair clears it. YAML and script alike.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_edit_is_refused_and_the_repair_clears_it() {
    let desk = Desk::start().await;
    for (file, good, bad, told) in [
        (SERVICE, "assurance: medium", "assurance: mediun", "mediun"),
        (SERVICE, "  declined:\n", "  declinde:\n", "declin"),
        (SCRIPT, "amount > 500.0", "amout > 500.0", "amout"),
        (
            SCRIPT,
            "return refuse(\"minor\"",
            "return refuze(\"minor\"",
            "refuze",
        ),
    ] {
        let before = desk.node.engine.catalog().digest();
        let text = desk.read(file);
        assert!(text.contains(good), "{good}");
        let mut events = desk.node.engine.subscribe();
        fs::write(desk.path(file), text.replacen(good, bad, 1)).unwrap();
        let diagnostics = desk.refused(&mut events, told).await;
        assert!(diagnostics.contains(file), "{diagnostics}");
        let status = desk.node.engine.catalog_status();
        assert_eq!(status.active, before, "the old one stays");
        assert_ne!(status.desired, before);
        assert!(status.failure.unwrap().contains(told));
        let flow = desk.begin().await;
        assert_eq!(
            desk.node.view(flow).await.catalog,
            before,
            "flows begin under the old one"
        );
        assert!(desk.node.engine.metrics_text().contains("catalog_in_sync 0"));

        fs::write(desk.path(file), &text).unwrap();
        desk.until_in_sync(&mut events, before).await;
        assert!(desk.node.engine.metrics_text().contains("catalog_in_sync 1"));
    }
}

// Law 10: running flows keep their catalog, new ones get the new one: in the YAML's text and in the script's decision.
#[tokio::test(flavor = "multi_thread")]
async fn a_running_flow_keeps_its_catalog() {
    let desk = Desk::start().await;
    let (old, renewed) = (
        desk.node.engine.catalog().digest(),
        "A changed text for who declines.",
    );
    let earlier = desk.begin().await;
    let yaml = desk.read(SERVICE);
    let said = yaml
        .lines()
        .find(|line| line.contains("en: You declined"))
        .unwrap();
    let mut events = desk.node.engine.subscribe();
    desk.save(SERVICE, &yaml.replacen(said, &format!("      en: {renewed}"), 1));
    let new = desk.activated(&mut events, |digest| digest != old).await;
    let later = desk.begin().await;
    // Newest first: the phone answers its newest open request.
    for (flow, catalog, changed) in [(later, new, true), (earlier, old, false)] {
        let view = desk.answer(PersonAct::Decline, flow).await;
        assert_eq!(view.outcome, Some(Outcome::DeclinedByUser));
        assert_eq!(view.catalog, catalog);
        assert_eq!(view.decision.unwrap().say.en == renewed, changed);
    }

    let earlier = desk.begin().await;
    let script = desk.read(SCRIPT).replacen(
        "flow.person.age_over_18 != true",
        "flow.person.age_over_18 == true",
        1,
    );
    desk.save(SCRIPT, &script);
    desk.activated(&mut events, |digest| digest != new).await;
    let later = desk.begin().await;
    let refused = desk.answer(PersonAct::Approve, later).await;
    assert_eq!(
        refused.outcome,
        Some(Outcome::Refused),
        "the new script refuses everybody of age"
    );
    assert!(refused.person.is_none());
    let approved = desk.answer(PersonAct::Approve, earlier).await;
    assert_eq!(approved.outcome, Some(Outcome::Approved));
    assert_eq!(approved.decision.unwrap().then, Then::Continue);
}

// Editors write a temporary file and rename it over the old one: a watch on the file itself would go blind.
#[tokio::test(flavor = "multi_thread")]
async fn editors_that_rename_are_seen_every_time() {
    let desk = Desk::start().await;
    for round in 0..5 {
        let mut events = desk.node.engine.subscribe();
        let before = desk.node.engine.catalog().digest();
        for (file, mark) in [(SERVICE, "#"), (SCRIPT, "//")] {
            let path = desk.path(file);
            let backup = path.with_extension("bak~");
            let temporary = path.with_file_name(".4913.swp");
            fs::write(
                &temporary,
                format!("{}\n{mark} rename {round}\n", desk.read(file)),
            )
            .unwrap();
            fs::rename(&path, &backup).unwrap();
            fs::rename(&temporary, &path).unwrap();
            fs::remove_file(&backup).unwrap();
        }
        desk.activated(&mut events, |digest| digest != before).await;
        desk.until_text(&mut events, SCRIPT, &format!("// rename {round}"))
            .await;
    }
}

// Kubernetes mounts a ConfigMap as links through `..data`, which it swaps in one rename.
#[tokio::test(flavor = "multi_thread")]
async fn a_swapped_link_is_a_reload() {
    let mounted = tempfile::tempdir().unwrap();
    let folder = mounted.path().to_path_buf();
    let version = |number: usize| folder.join(format!("..2026_11_22_{number}"));
    let first = policy_folder::with_wide_limits();
    policy_folder::copy(first.path(), &version(0));
    symlink("..2026_11_22_0", folder.join("..data")).unwrap();
    symlink("..data/policies", folder.join("policies")).unwrap();
    symlink("..data/scripts", folder.join("scripts")).unwrap();
    let desk = Desk::over(mounted, folder.clone()).await;
    for number in 1..4 {
        policy_folder::copy(first.path(), &version(number));
        let path = version(number).join(SERVICE);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}\n# version {number}\n")).unwrap();
        let mut events = desk.node.engine.subscribe();
        let begun = Instant::now();
        symlink(format!("..2026_11_22_{number}"), folder.join("..data_tmp")).unwrap();
        fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
        fs::remove_dir_all(version(number - 1)).unwrap();
        desk.until_text(&mut events, SERVICE, &format!("# version {number}"))
            .await;
        println!("..data swapped: active after {:?}", begun.elapsed());
        assert!(
            begun.elapsed() < SEEN_BY_THE_WATCH,
            "only the slow look has seen it"
        );
    }
}

// The same with one mount a folder: each file is a link into `..data` beside it.
#[tokio::test(flavor = "multi_thread")]
async fn a_swapped_link_below_the_services_is_a_reload() {
    let policies = policy_folder::with_wide_limits();
    let folder = policies.path().to_path_buf();
    let services = folder.join("policies/services");
    let names: Vec<_> = fs::read_dir(&services)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    let mount = |number: usize, from: &Path| {
        let version = services.join(format!("..v{number}"));
        fs::create_dir(&version).unwrap();
        for name in &names {
            fs::copy(from.join(name), version.join(name)).unwrap();
        }
        symlink(format!("..v{number}"), services.join("..data_tmp")).unwrap();
        version
    };
    let version = mount(0, &services);
    fs::rename(services.join("..data_tmp"), services.join("..data")).unwrap();
    for name in &names {
        fs::remove_file(services.join(name)).unwrap();
        symlink(Path::new("..data").join(name), services.join(name)).unwrap();
    }
    let desk = Desk::over(policies, folder).await;
    let next = mount(1, &version);
    let path = next.join("licence-renewal.yaml");
    fs::write(
        &path,
        format!("{}\n# version 1\n", fs::read_to_string(&path).unwrap()),
    )
    .unwrap();
    let mut events = desk.node.engine.subscribe();
    let begun = Instant::now();
    fs::rename(services.join("..data_tmp"), services.join("..data")).unwrap();
    desk.until_text(&mut events, SERVICE, "# version 1").await;
    println!("..data of one folder swapped: active after {:?}", begun.elapsed());
    assert!(
        begun.elapsed() < SEEN_BY_THE_WATCH,
        "only the slow look has seen it"
    );
}

// A deployment that removes the folder and puts a new one there, as `git checkout` and `rsync --delete` do.
// Regression: the watch was renewed after the reading, so what was written in between waited for the slow look.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_made_anew_is_watched_again() {
    let desk = Desk::start().await;
    let copy = tempfile::tempdir().unwrap();
    policy_folder::copy(&desk.node.folder, copy.path());
    for round in 0..5 {
        let before = desk.node.engine.catalog().digest();
        let mut events = desk.node.engine.subscribe();
        fs::remove_dir_all(desk.node.folder.join("policies")).unwrap();
        desk.refused(&mut events, "policies").await;
        assert_eq!(desk.node.engine.catalog_status().active, before);
        let service = copy.path().join(SERVICE);
        let text = fs::read_to_string(&service).unwrap();
        fs::write(&service, format!("{text}\n# made anew {round}\n")).unwrap();
        let begun = Instant::now();
        policy_folder::copy(&copy.path().join("policies"), &desk.node.folder.join("policies"));
        desk.until_text(&mut events, SERVICE, &format!("# made anew {round}"))
            .await;
        println!("made anew: active after {:?}", begun.elapsed());
        assert!(
            begun.elapsed() < SEEN_BY_THE_WATCH,
            "only the slow look has seen it"
        );
        assert!(desk.node.engine.catalog_status().failure.is_none());
        // And it is watched as the old one was.
        let mut events = desk.node.engine.subscribe();
        let begun = Instant::now();
        desk.save(SERVICE, &format!("{text}\n# made anew {round}, then edited\n"));
        desk.until_text(&mut events, SERVICE, "then edited").await;
        assert!(
            begun.elapsed() < SEEN_BY_THE_WATCH,
            "only the slow look has seen it"
        );
    }
}

// Two hundred saves in a row: the last one is what is active in the end, and none in between is half of two.
#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_quick_saves_end_with_the_last() {
    let desk = Desk::start().await;
    let (text, script) = (desk.read(SERVICE), desk.read(SCRIPT));
    let mut events = desk.node.engine.subscribe();
    for round in 0..200 {
        desk.save(SERVICE, &format!("{text}\n# save {round} of 200\n"));
        if round % 3 == 0 {
            desk.save(SCRIPT, &format!("{script}\n// save {round} of 200\n"));
        }
    }
    let begun = Instant::now();
    desk.until_text(&mut events, SERVICE, "# save 199 of 200").await;
    desk.until_text(&mut events, SCRIPT, "// save 198 of 200").await;
    println!("the last of 200 saves: active after {:?}", begun.elapsed());
    assert!(
        begun.elapsed() < SEEN_BY_THE_WATCH,
        "only the slow look has seen it"
    );
    assert!(desk.node.engine.catalog_status().failure.is_none());
}

/// A node whose folder is watched, and somebody who edits in it.
struct Desk {
    node: FullNode,
    person: CivilNo,
    _watch: Watch,
}

impl Desk {
    async fn start() -> Self {
        let policies = policy_folder::with_wide_limits();
        let folder = policies.path().to_path_buf();
        Self::over(policies, folder).await
    }

    async fn over(policies: TempDir, folder: PathBuf) -> Self {
        let node = FullNode::over(policies, &folder, 0, StampAlgorithm::EcdsaP256).await;
        let free = node
            .authority
            .citizens()
            .iter()
            .find(|citizen| citizen.ending == Ending::Free);
        let person = free.unwrap().civil_no.clone();
        let _watch = Watch::start(node.engine.clone(), &folder).unwrap();
        Self { node, person, _watch }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.node.folder.join(file)
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap()
    }

    /// Saves in one rename, so that no half of it is ever read.
    fn save(&self, file: &str, text: &str) {
        let path = self.path(file);
        let temporary = path.with_file_name(".new");
        fs::write(&temporary, text).unwrap();
        fs::rename(temporary, path).unwrap();
    }

    /// A flow that waits for the phone.
    async fn begin(&self) -> FlowId {
        let ask = StartFlow::push(CLIENT, "licence-renewal", self.person.clone()).input("licence", "1234567");
        let flow = self.node.engine.start_flow(ask).await.unwrap().view.flow;
        self.node
            .until(flow, |timeline| count(timeline, "reply") == 1)
            .await;
        flow
    }

    /// The person answers the request of this flow.
    async fn answer(&self, act: PersonAct, flow: FlowId) -> midflow::engine::FlowView {
        let asked = self.node.connector.replied(flow).await;
        let request = asked.request_id.unwrap();
        self.node
            .authority
            .act(act, &self.person, Some(request.as_str()))
            .unwrap();
        self.node.ended(flow).await
    }

    /// Waits for an activation.
    async fn activated(&self, events: &mut Receiver<EngineEvent>, wanted: impl Fn(Digest) -> bool) -> Digest {
        loop {
            if let EngineEvent::CatalogActivated { catalog } = next(events).await
                && wanted(catalog)
            {
                return catalog;
            }
        }
    }

    /// Waits for a refusal whose diagnostics say this.
    async fn refused(&self, events: &mut Receiver<EngineEvent>, told: &str) -> String {
        loop {
            if let EngineEvent::CatalogRefused { diagnostics } = next(events).await
                && diagnostics.contains(told)
            {
                return diagnostics;
            }
        }
    }

    /// Waits until the active catalog is this one and what is on disk.
    async fn until_in_sync(&self, events: &mut Receiver<EngineEvent>, digest: Digest) {
        loop {
            let status = self.node.engine.catalog_status();
            if status.failure.is_none() {
                assert_eq!((status.active, status.desired), (digest, digest));
                return;
            }
            next(events).await;
        }
    }

    /// Waits until the active catalog has this in a file.
    async fn until_text(&self, events: &mut Receiver<EngineEvent>, file: &str, part: &str) {
        while !self
            .node
            .engine
            .catalog()
            .sources()
            .text(file)
            .unwrap()
            .contains(part)
        {
            next(events).await;
        }
    }
}

async fn next(events: &mut Receiver<EngineEvent>) -> EngineEvent {
    let next = tokio::time::timeout(Duration::from_secs(60), events.recv()).await;
    next.expect("nothing happens").unwrap()
}

const SERVICE: &str = "policies/services/licence-renewal.yaml";
const SCRIPT: &str = "scripts/licence-renewal.rhai";
/// Below the five seconds of the slow look, which would hide a watch that has gone blind.
const SEEN_BY_THE_WATCH: Duration = Duration::from_secs(4);
