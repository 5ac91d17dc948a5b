import io.fabric8.kubernetes.client.Config;
import io.kubernetes.client.util.KubeConfig;
import java.io.File;
import java.io.FileReader;
import java.util.Map;

/** Print the token that a Java client gets from the exec plugin of a kubeconfig: Token official|fabric8 KUBECONFIG. */
public class Token {
  public static void main(String[] words) throws Exception {
    File file = new File(words[1]);
    String token;
    if (words[0].equals("official")) {
      KubeConfig config = KubeConfig.loadKubeConfig(new FileReader(file));
      config.setFile(file);
      Map<String, String> credentials = config.getCredentials();
      token = credentials == null ? null : credentials.get("token");
    } else {
      token = Config.fromKubeconfig(file).getAutoOAuthToken();
    }
    System.out.println(token);
  }
}
