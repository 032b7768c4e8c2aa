use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::IsCa;
use rcgen::KeyPair;

use super::Database;
use super::refusal;
use crate::store::Postgres;
use crate::store::PostgresCluster;
use crate::store::PostgresTls;
use crate::store::Store as _;
use crate::store::StoreErrorKind;

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

// R000-062: the connection to the database is protected, and its name verified.
#[tokio::test]
async fn the_server_has_to_be_the_one_that_is_named() {
    let (trusted, other) = (authority(), authority());
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &trusted)
        .unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let cluster = PostgresCluster::start(&[]).unwrap();
    let mut database = Database::of(cluster).await;
    let data = database.cluster.folder().join("data");
    std::fs::write(data.join("server.crt"), certificate.pem()).unwrap();
    std::fs::write(data.join("server.key"), key.serialize_pem()).unwrap();
    let about = std::fs::metadata(&data).unwrap();
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    std::os::unix::fs::chown(data.join("server.key"), Some(about.uid()), Some(about.gid())).unwrap();
    std::fs::set_permissions(data.join("server.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let settings = [
        ("ssl", "on"),
        ("listen_addresses", "'127.0.0.1'"),
        ("ssl_min_protocol_version", "'TLSv1.3'"),
    ];
    for (name, value) in settings {
        let set = format!("ALTER SYSTEM SET {name} = {value}");
        database.cluster.administer("postgres", &set).await.unwrap();
    }
    // Plain connections over TCP are turned away.
    std::fs::write(
        data.join("pg_hba.conf"),
        "local all all trust\nhostssl all all 127.0.0.1/32 trust\n",
    )
    .unwrap();
    database.cluster.crash().unwrap();
    let listen = format!("port = {port}\n");
    let file = data.join("postgresql.conf");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}{listen}")).unwrap();
    database.cluster.up().unwrap();

    let settings = &mut database.settings;
    settings.port = port;
    settings.host = "localhost".to_owned();
    let authority = |issuer: &CertifiedIssuer<'static, KeyPair>| PostgresTls::VerifyFull {
        authority: issuer.pem().into_bytes(),
    };
    settings.tls = authority(&trusted);
    Postgres::open(settings.clone()).await.unwrap().close().await;
    let mut wrong_name = settings.clone();
    wrong_name.host = "127.0.0.1".to_owned();
    let mut wrong_authority = settings.clone();
    wrong_authority.tls = authority(&other);
    for wrong in [wrong_name, wrong_authority] {
        let error = refusal(wrong).await;
        assert_eq!(error.kind(), StoreErrorKind::Open);
        assert!(error.to_string().contains("TLS could not be agreed"), "{error}");
    }
    let mut plain = settings.clone();
    plain.tls = PostgresTls::ThisMachine;
    assert_eq!(refusal(plain).await.kind(), StoreErrorKind::Open);
}
