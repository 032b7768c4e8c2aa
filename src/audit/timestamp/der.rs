use der::AnyRef;
use der::Decode;
use der::Encode;
use der::Reader as _;
use der::SliceReader;
use der::Tag;

/// The values inside a constructed one, in their order.
pub(super) fn parts(content: &[u8]) -> der::Result<Vec<AnyRef<'_>>> {
    let mut reader = SliceReader::new(content)?;
    let mut parts = Vec::new();
    while !reader.is_finished() {
        parts.push(AnyRef::decode(&mut reader)?);
    }
    Ok(parts)
}

/// A whole value, and nothing after it.
pub(super) fn whole(bytes: &[u8], tag: Tag) -> der::Result<AnyRef<'_>> {
    let value = AnyRef::from_der(bytes)?;
    if der::Tagged::tag(&value) == tag {
        Ok(value)
    } else {
        Err(tag.value_error())
    }
}

/// Values put together under one tag.
pub(super) fn join(tag: Tag, parts: &[Vec<u8>]) -> der::Result<Vec<u8>> {
    AnyRef::new(tag, &parts.concat())?.to_der()
}

/// A number without leading zeros.
pub(super) fn significant(number: &[u8]) -> &[u8] {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    number.get(start..).unwrap_or_default()
}
