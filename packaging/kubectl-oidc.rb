# Made by tools/recipes.py.
class KubectlOidc < Formula
  desc "Sign in to Kubernetes with OpenID Connect"
  homepage "https://HOMEPAGE"
  version "1.0.0"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "https://RELEASE_ADDRESS/kubectl-oidc-1.0.0-darwin-arm64.tar.gz"
      sha256 "0000000000000000000000000000000000000000000000000000000000000000"
    end
    on_intel do
      url "https://RELEASE_ADDRESS/kubectl-oidc-1.0.0-darwin-amd64.tar.gz"
      sha256 "0000000000000000000000000000000000000000000000000000000000000000"
    end
  end

  on_linux do
    on_arm do
      url "https://RELEASE_ADDRESS/kubectl-oidc-1.0.0-linux-arm64.tar.gz"
      sha256 "0000000000000000000000000000000000000000000000000000000000000000"
    end
    on_intel do
      url "https://RELEASE_ADDRESS/kubectl-oidc-1.0.0-linux-amd64.tar.gz"
      sha256 "0000000000000000000000000000000000000000000000000000000000000000"
    end
  end

  def install
    libexec.install Dir["*"]
    bin.install_symlink libexec/"bin/kubectl-oidc_login"
    (bin/"kubectl_complete-oidc_login").write <<~SH
      #!/bin/sh
      exec "#{libexec}/python/bin/python3" -I -c "from kubectl_oidc.cli.kubectl_complete import main; main()" "$@"
    SH
    chmod 0755, bin/"kubectl_complete-oidc_login"
    man1.install_symlink libexec/"share/man/man1/kubectl-oidc_login.1"
    generate_completions_from_executable(bin/"kubectl-oidc_login", "completion",
                                         base_name: "kubectl-oidc_login", shells: [:bash, :zsh, :fish])
  end

  test do
    assert_match "kubectl-oidc #{version} ", shell_output("#{bin}/kubectl-oidc_login version")
  end
end
