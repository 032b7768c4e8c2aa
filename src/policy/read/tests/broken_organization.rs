use super::*;
use crate::policy::read_organization;

fn read(text: &str) -> (bool, Diagnostics) {
    let (organization, diagnostics) = read_organization(ORGANIZATION_FILE, text);
    (organization.is_some(), diagnostics)
}

// R000-010 to R000-013, R000-020 to R000-025.
#[test]
fn organization() {
    check_all(
        &[
            marked("type: government", "type: ⟦charity", "E0021"),
            elsewhere("  type: government\n", "", "E0010", "organization:"),
            marked(
                "website: https://traffic.example.gov.kw",
                "website: ⟦traffic.example.gov.kw",
                "E0024",
            ),
            marked("email: noura@traffic.example.gov.kw", "email: ⟦noura", "E1002"),
            marked("\"+96512345678\"", "⟦\"+9651234567\"", "E1003"),
            marked("\"+96512345678\"", "⟦\"12345678\"", "E1003"),
            marked("\"+96512345678\"", "⟦+96512345678", "E0011"),
            marked("name: Noura Example", "name: ⟦TBD", "E0014"),
            marked("title: Director", "title: ⟦\"\"", "E0014"),
            elsewhere("title: Director, ", "", "E0010", "primary:"),
            elsewhere(
                "    primary: { name: Noura Example, title: Director, email: noura@traffic.example.gov.kw, mobile: \"+96512345678\" }\n",
                "",
                "E0010",
                "contacts:",
            ),
            elsewhere(
                "    technical: { name: Fahad Example, title: Engineer, email: fahad@traffic.example.gov.kw",
                "    technical: { name: Noura Example, title: Engineer, email: noura@traffic.example.gov.kw",
                "W1001",
                "technical:",
            ),
            elsewhere("  third_party: none\n", "", "E1009", "organization:"),
            marked("third_party: none", "third_party: ⟦no", "E1009"),
            elsewhere(
                "  test: { callback_base_url: https://mid-test.traffic.example.gov.kw/callback, public_ips: [\"203.0.113.11/32\"] }\n",
                "",
                "E1005",
                "environments:",
            ),
            marked("  test: {", "  ⟦staging: {}\n  test: {", "E1006"),
            marked("https://mid.traffic", "⟦http://mid.traffic", "E1004"),
            marked(
                "https://mid.traffic.example.gov.kw/callback",
                "⟦https://mid.traffic.example.gov.kw/callback?x=1",
                "E1004",
            ),
            marked(
                "https://mid-test.traffic.example.gov.kw/callback",
                "⟦https://MID.traffic.example.gov.kw:443/callback/",
                "E1007",
            ),
            marked("[\"203.0.113.10/32\"]", "[⟦\"203.0.113.10\"]", "E1008"),
            marked("[\"203.0.113.10/32\"]", "[⟦203.0.113.10/24]", "E1008"),
            marked("[\"203.0.113.10/32\"]", "[⟦\"10.0.0.0/8\"]", "E1010"),
            marked("[\"203.0.113.10/32\"]", "⟦[]", "E0023"),
            marked(
                "[\"203.0.113.10/32\"]",
                "[\"203.0.113.10/32\", ⟦\"203.0.113.10/32\"]",
                "E0020",
            ),
        ],
        ORGANIZATION,
        read,
    );
}

#[test]
fn a_development_machine_may_have_a_private_address() {
    let text = format!(
        "{ORGANIZATION}  development: {{ callback_base_url: \"https://localhost:8443\", public_ips: [\"127.0.0.1/32\"] }}\n"
    );
    let (loaded, diagnostics) = read(&text);
    assert!(loaded, "{diagnostics:?}");
}

// Law 13: contacts are people, so no message repeats what was written of them.
#[test]
fn messages_do_not_repeat_contacts() {
    let text = ORGANIZATION
        .replace("noura@traffic.example.gov.kw", "noura.secret")
        .replace("+96512345678", "99887766");
    for diagnostic in read(&text).1.iter() {
        let all = format!("{diagnostic:?}");
        assert!(
            !all.contains("noura.secret") && !all.contains("99887766"),
            "{all}"
        );
    }
}
