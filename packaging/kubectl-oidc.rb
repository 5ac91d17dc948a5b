# Made by tools/recipes.py.
class KubectlOidc < Formula
  desc "Sign in to Kubernetes with OpenID Connect"
  homepage "https://HOMEPAGE"
  url "https://RELEASE_ADDRESS/kubectl_oidc-1.0.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "Apache-2.0"

  depends_on "python@3.13"

  def install
    system Formula["python@3.13"].opt_bin/"python3.13", "-m", "venv", libexec
    pip = libexec/"bin/pip"
    system pip, "install", "--require-hashes", "-r", "constraints.txt"
    system pip, "install", "--no-deps", "--no-build-isolation", "."
    inreplace libexec/"bin/kubectl-oidc_login", /\A#!.*$/, "\\0 -I"
    bin.install_symlink libexec/"bin/kubectl-oidc_login", libexec/"bin/kubectl_complete-oidc_login"
    data = libexec/"share"
    man1.install_symlink data/"man/man1/kubectl-oidc_login.1"
    bash_completion.install_symlink data/"bash-completion/completions/kubectl-oidc_login"
    zsh_completion.install_symlink data/"zsh/site-functions/_kubectl-oidc_login"
    fish_completion.install_symlink data/"fish/vendor_completions.d/kubectl-oidc_login.fish"
  end

  test do
    assert_match "kubectl-oidc #{version} ", shell_output("#{bin}/kubectl-oidc_login version")
  end
end
