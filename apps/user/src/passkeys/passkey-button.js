/* global document, PublicKeyCredential, navigator */
// Runs in browsers, on the pages with a form of `passkeyForm`. Without it the form stays hidden.

const form = document.querySelector('form[data-options]');

async function ask() {
  const options = JSON.parse(form.dataset.options);
  return form.dataset.ceremony === 'create'
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
}

if (form && globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  const failure = form.querySelector('[role=alert]');
  form.hidden = false;
  document.getElementById('no-passkeys')?.remove();
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    failure.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify(await ask());
      form.submit();
    } catch {
      failure.hidden = false;
    }
  });
}
