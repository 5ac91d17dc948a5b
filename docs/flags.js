// Keep a flag such as --session=NAME on one line: browsers break lines after a hyphen. Longer ones must break on a phone.
for (const code of document.querySelectorAll(":not(pre) > code")) {
  if (!code.childElementCount) {
    code.innerHTML = code.innerHTML.replace(/--[a-z][\w-]*(=[\w.:%-]+)?/g, (flag) =>
      flag.length > 24 ? flag : `<span class="flag">${flag}</span>`,
    );
  }
}
