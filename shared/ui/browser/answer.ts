/** What the server makes of the form when a button of the name and value is pressed: a page. */
export async function answer(form: HTMLFormElement, data: FormData): Promise<{ page: Document; status: number }> {
  const multipart = form.enctype === "multipart/form-data";
  const answered = await fetch(form.action, {
    method: "POST",
    body: multipart ? data : new URLSearchParams([...data].map(([name, value]) => [name, String(value)])),
  });
  return { page: new DOMParser().parseFromString(await answered.text(), "text/html"), status: answered.status };
}
