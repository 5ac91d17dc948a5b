# Made by tools/recipes.py.
class KubectlOidc < Formula
  desc "Sign in to Kubernetes with OpenID Connect"
  homepage "https://HOMEPAGE"
  version "1.1.0"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "https://RELEASE_ADDRESS/kubectl-oidc-1.1.0-darwin-arm64.tar.gz"
      sha256 "0000000000000000000000000000000000000000000000000000000000000000"
    end
    on_intel do
      url "https://RELEASE_ADDRESS/kubectl-oidc-1.1.0-darwin-amd64.tar.gz"
      sha256 "0000000000000000000000000000000000000000000000000000000000000000"
    end
  end

  on_linux do
    on_arm do
      url "https://RELEASE_ADDRESS/kubectl-oidc-1.1.0-linux-arm64.tar.gz"
      sha256 "0000000000000000000000000000000000000000000000000000000000000000"
    end
    on_intel do
      url "https://RELEASE_ADDRESS/kubectl-oidc-1.1.0-linux-amd64.tar.gz"
      sha256 "0000000000000000000000000000000000000000000000000000000000000000"
    end
  end

  def install
    libexec.install Dir["*"]
    bin.install_symlink Dir[libexec/"bin/*"]
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
