import java.net.InetSocketAddress;
import java.util.Arrays;

import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

import software.amazon.dynamodb.services.local.main.CommandLineInput;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBRequestHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBServerHandler;

/**
 * Serves DynamoDB Local on 127.0.0.1 only; its own main listens on all
 * interfaces and has no option against it. Takes the port, 0 for a free one, and
 * then the arguments of that main, less its -port. Writes "ready PORT" to standard output once it accepts requests, and ends when
 * standard input does, which is when the process that started it is gone.
 */
public class Launcher {
    public static void main(String[] args) throws Exception {
        int port = Integer.parseInt(args[0]);
        CommandLineInput in = new CommandLineInput(Arrays.copyOfRange(args, 1, args.length));
        if (!in.init()) {
            System.exit(2);
        }
        // The request handler takes the port for its telemetry alone.
        LocalDynamoDBServerHandler handler = new LocalDynamoDBServerHandler(
                new LocalDynamoDBRequestHandler(0, in.isInMemory(), in.getDbPath(), in.getSharedDb(),
                        in.shouldDelayTransientStatuses()),
                in.getCorsParams());
        Server server = new Server(new InetSocketAddress("127.0.0.1", port));
        // Only asked for its tree of handlers; it binds nothing before its start.
        server.setHandler(new DynamoDBProxyServer(port, handler).setUpHandler(handler));
        server.start();
        System.out.println("ready " + ((ServerConnector) server.getConnectors()[0]).getLocalPort());
        System.out.flush();

        while (System.in.read() >= 0) {
            // Nothing is ever sent.
        }
        server.stop();
        handler.close();
        System.exit(0);
    }
}
